/** Orders from the panel: whatever comes of them that is not expected is said. */

import { troubleWords } from "../kit/trouble";
import { live } from "../live";
import type { Order } from "../protocol";
import { tell } from "../toasts";

/** Whether it was done. */
export async function give(order: Order, done?: string): Promise<boolean> {
  const outcome = await live.order(order);
  if (!outcome.ok) tell(troubleWords(outcome), "alert");
  else if (done) tell(done);
  return outcome.ok;
}
