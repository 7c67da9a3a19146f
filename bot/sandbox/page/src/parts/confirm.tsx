/** Confirm objects: the question before a press or choice takes effect. */

import { Box, useBox } from "../box";
import { kitAt, stringAt, wordsOf } from "../kit/json";
import { TextObject } from "../kit/text";
import type { Kit } from "../protocol";
import { Dialog } from "./dialog";

type Question = { confirm: Kit; answer: (isMeant: boolean) => void };

const question = new Box<Question | null>(null);

export function askToConfirm(confirm: Kit): Promise<boolean> {
  question.get()?.answer(false);
  return new Promise((resolve) => {
    question.set({
      confirm,
      answer: (isMeant) => {
        question.set(null);
        resolve(isMeant);
      },
    });
  });
}

export function Confirm() {
  const asked = useBox(question);
  if (!asked) return null;
  const { confirm, answer } = asked;
  const style = stringAt(confirm, "style") === "danger" ? "danger" : "primary";
  return (
    <Dialog title={wordsOf(confirm.title) || "Are you sure?"} role="alertdialog" onClose={() => answer(false)}>
      <div className="dialog-body">{kitAt(confirm, "text") && <TextObject text={confirm.text} />}</div>
      <div className="dialog-foot">
        <button type="button" className="button" onClick={() => answer(false)}>
          {wordsOf(confirm.deny) || "Cancel"}
        </button>
        <button type="button" data-first className={`button button-${style}`} onClick={() => answer(true)}>
          {wordsOf(confirm.confirm) || "OK"}
        </button>
      </div>
    </Dialog>
  );
}
