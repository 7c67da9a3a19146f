/** What stands where nobody can write any more. */

import { useId } from "react";

export function ClosedComposer({ label }: { label: string }) {
  const id = useId();
  return (
    <div className="composer-closed">
      <textarea rows={1} disabled aria-label={label} aria-describedby={id} placeholder={label} />
      <p id={id}>This channel is archived, so nobody can write here. Weather → Channel in the panel opens it again.</p>
    </div>
  );
}
