/** What the first look at the page does not need, fetched in one piece: in several it would be larger. */
export { LogList } from "../sessions/log-list.tsx";
export { Help } from "./help.tsx";
export { SessionView } from "./session-view.tsx";
