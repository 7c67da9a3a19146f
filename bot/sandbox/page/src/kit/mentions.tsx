/** People, channels and groups by their names; by their ids where nobody here knows them. */

import { useShown } from "../live";

export function UserName({ id }: { id: string }) {
  const me = useShown((state) => state.me);
  const name = useShown((state) => state.users.find((user) => user.id === id)?.name);
  return <span className={id === me ? "chip chip-me" : "chip"}>@{name ?? id}</span>;
}

export function ChannelName({ id }: { id: string }) {
  const name = useShown((state) => state.channels.find((channel) => channel.id === id)?.name);
  return <span className="chip">#{name || id}</span>;
}

export function GroupName({ id }: { id: string }) {
  const handle = useShown((state) => state.groups.find((group) => group.id === id)?.handle);
  return <span className="chip">@{handle ?? id}</span>;
}

export function Broadcast({ range }: { range: string }) {
  return <span className="chip chip-loud">@{range}</span>;
}
