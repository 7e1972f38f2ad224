/** A style sheet: imported for what it does. */
declare module "*.css";
