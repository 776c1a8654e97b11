// An answer grows on the page as fast as its browser can draw it. What comes while a frame is drawn is joined to one update:
// in a slow browser updates would pile up, and the text would be seconds behind the model.

const DRAW_MILLISECONDS = 500; // the longest wait for a frame: a hidden page draws none

// Hand frames to `pass` in their order: growth at the browser's pace, all else at once. flush: what is held, now.
function paceFrames(pass) {
  const held = [];
  let isDrawing = false;
  const flush = () => { if (held.length) pass(joinGrowth(held.splice(0))); };
  const draw = () => {
    isDrawing = true;
    afterFrame(() => {
      isDrawing = false;
      if (held.length) { flush(); draw(); }
    });
  };
  const take = (frame, msg) => {
    const growth = msg === "process_generating" ? readGrowth(frame) : null;
    if (!growth || held[0]?.event_id !== growth.event_id) flush();
    if (growth && isDrawing) return held.push(growth);
    pass(frame);
    if (growth) draw();
  };
  return { pass: take, flush };
}

// A frame that only continues values inside of a list, as the messages of an answer are: its edits may follow others' edits.
// An edit of anything else shows a value of its own, which must not be skipped.
function readGrowth(frame) {
  const said = JSON.parse(frame.slice("data:".length));
  const isInside = ({ 0: action, 1: path }) => (action === "append" || action === "replace") && path.length > 2;
  const data = said.output?.data ?? [];
  const isGrowth = said.success && data.some((edits) => edits?.length) && data.every((edits) => Array.isArray(edits) && edits.every(isInside));
  return isGrowth ? said : null;
}

function joinGrowth(frames) {
  const last = frames.at(-1);
  const data = last.output.data.map((_, at) => frames.flatMap(({ output }) => output.data[at]));
  return `data: ${JSON.stringify({ ...last, output: { ...last.output, data } })}`;
}

function afterFrame(act) {
  let isOver = false;
  const once = () => { if (!isOver) { isOver = true; act(); } };
  requestAnimationFrame(() => setTimeout(once, 0)); // behind the painting of that frame
  setTimeout(once, DRAW_MILLISECONDS);
}
