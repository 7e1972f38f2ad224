/** The content namespace of streams between the server and a component that connects to it (XEP-0114 section 3). */
export const componentNamespace = "jabber:component:accept";
