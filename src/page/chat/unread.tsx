/** How many lines nobody has looked at yet. */
export function Unread({ count }: { readonly count: number }) {
  if (count === 0) return null;
  return <span class="chat-unread"><span class="visually-hidden">unread: </span>{count > 99 ? "99+" : count}</span>;
}
