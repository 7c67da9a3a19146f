/** Where the short sentences are shown. */

import { useBox } from "../box";
import { dismiss, toasts } from "../toasts";

export function ToastList() {
  const shown = useBox(toasts);
  return (
    <div className="toasts">
      {shown.map((toast) => (
        <div key={toast.id} className={`toast toast-${toast.role}`} role={toast.role}>
          <span>{toast.text}</span>
          <button type="button" className="icon-button" aria-label="Dismiss" onClick={() => dismiss(toast.id)}>
            <span aria-hidden="true">✕</span>
          </button>
        </div>
      ))}
    </div>
  );
}
