/** For test suites: a real server inside the test process. */
export { startServer, type TestServer, type TestServerOptions } from "./start-server.ts";
export type { DocumentedSession } from "../session/view.ts";
