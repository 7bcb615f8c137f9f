/** A style sheet's text, as Vite hands it to code. */
declare module "*.css?inline" {
  const css: string;
  export default css;
}
