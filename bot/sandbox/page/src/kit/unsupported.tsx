/** The box for whatever this page cannot draw. Nothing is ever dropped. */

import { Component, type ReactNode } from "react";
import { isKit } from "./json";

export function Unsupported({ what, as }: { what: unknown; as?: string }) {
  const type = as ?? (isKit(what) ? what.type : undefined) ?? typeof what;
  return (
    <div className="unsupported" role="group" aria-label={`Unsupported: ${type}`}>
      <strong>Unsupported: {type}</strong>
      <pre tabIndex={0}>{JSON.stringify(what, null, 2)}</pre>
    </div>
  );
}

type Props = { what: unknown; as?: string; children: ReactNode };

/** Shows what it wraps as unsupported once its drawing throws; `what` being another one is a new try. */
export class Guarded extends Component<Props, { hasFailed: boolean }> {
  override state = { hasFailed: false };

  static getDerivedStateFromError() {
    return { hasFailed: true };
  }

  override componentDidUpdate(before: Props) {
    if (this.state.hasFailed && before.what !== this.props.what) this.setState({ hasFailed: false });
  }

  override render() {
    if (!this.state.hasFailed) return this.props.children;
    return <Unsupported what={this.props.what} {...(this.props.as ? { as: this.props.as } : {})} />;
  }
}
