// A question to the visitor in a <dialog>. In a frame of another site, such as a Space, some browsers suppress confirm()
// and prompt() and return "no".

function ask(question, done, given) {
  const dialog = document.createElement("dialog");
  const form = document.createElement("form");
  const label = document.createElement("label");
  const input = document.createElement("input");
  form.method = "dialog";
  label.textContent = question;
  input.value = given ?? "";
  if (given !== undefined) label.append(input);
  const [cancel, go] = [["", state.words["composer.cancel_edit"]], ["go", done]].map(([value, text]) => {
    const button = document.createElement("button");
    button.className = "do";
    button.value = value;
    button.textContent = text;
    return button;
  });
  cancel.type = "button";
  cancel.onclick = () => dialog.close("");
  const buttons = document.createElement("div");
  buttons.append(cancel, go);
  form.append(label, buttons);
  dialog.append(form);
  dialog.className = "asking";
  dialog.setAttribute("aria-label", question);
  document.querySelector(".gradio-container").append(dialog);
  dialog.showModal();
  input.select();
  return new Promise((answer) => {
    dialog.onclose = () => {
      dialog.remove();
      answer(dialog.returnValue === "go" ? input.value.trim() : null);
    };
  });
}

// What an action still needs: its value, or nothing where the visitor has thought better of it.
async function complete(action, value = "") {
  const words = state.words;
  if (action === "delete") return (await ask(words["sidebar.delete.sure"].replace("{title}", value), words["sidebar.delete"])) === null ? null : "";
  if (action === "delete-all") return (await ask(words["own.delete.sure"], words["own.delete"])) === null ? null : "";
  if (action === "rename") return (await ask(words["sidebar.rename.to"], words["sidebar.rename"], value)) || null;
  return value;
}
