// The same question once more, answered by another model: one that is chosen for this answer alone.

function chooseFrom(question, names) {
  const dialog = element("dialog", "asking choosing");
  const list = element("div", "names");
  const close = (name) => { dialog.returnValue = name; dialog.close(name); };
  list.append(...names.map((name) => queueButton("name", name, () => close(name))));
  const cancel = element("div", "");
  cancel.append(queueButton("cancel", state.words["composer.cancel_edit"], () => close("")));
  dialog.append(element("label", "", question), list, cancel);
  dialog.setAttribute("aria-label", question);
  document.querySelector(".gradio-container").append(dialog);
  dialog.showModal();
  return new Promise((chosen) => {
    dialog.oncancel = () => { dialog.returnValue = ""; };
    dialog.onclose = () => { dialog.remove(); chosen(dialog.returnValue); };
  });
}

async function retryWith(button) {
  const { id } = button.dataset;
  const name = await chooseFrom(state.words["answer.retry_with"], state.models.filter((one) => one !== button.dataset.value));
  if (!name || isBusy()) return;
  document.body.classList.add("is-running");
  act("show", "retry", { id, value: name });
}
