export { Element } from "ltx";
