// What a file is about, under its chip: title, sections, tables, and questions to click. Made by the server from the text
// alone (chat/ui/profile_view.py). Of several files the newest has one.

function profileCard() {
  const file = state.files.findLast((one) => isRead(one) && !one.isSent && one.about?.questions);
  if (!file) return [];
  const card = element("section", "profile");
  card.setAttribute("aria-label", (state.words["profile.label"] ?? "{name}").replace("{name}", file.name));
  card.append(element("h3", "", file.about.title), ...file.about.lines.map((line) => element("p", "", line)));
  card.append(queueButton("dismiss", state.words["page.dismiss"] ?? "", () => { file.about = null; drawFiles(); focusComposer(); }, true));
  const questions = element("div", "questions");
  questions.append(...file.about.questions.map((question) => queueButton("ask", question, () => submit(question))));
  card.append(questions);
  return [card];
}
