// `make lint` runs this where node is installed. What it knows beyond ESLint's own rules: how the
// modules of workbench/static may be written so that workbench/static/__init__.py can link them.
import js from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import globals from "globals";

const LINKED = [
  ["ImportDefaultSpecifier, ImportNamespaceSpecifier", "Import names: `import { a } from`."],
  ["ImportExpression", "A page that opens from disk may import nothing."],
  ["ExportAllDeclaration, ExportNamedDeclaration[declaration=null]", "Export where it is declared."],
  ["ExportNamedDeclaration > VariableDeclaration[kind!='const']", "An export is constant."],
  ["AwaitExpression:not(:function *)", "A module does not wait when it is loaded."],
];

export default defineConfig(
  globalIgnores([".venv/", "artifacts/", "runs/", "docs/"]),
  js.configs.recommended,
  {
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: ["error", "always", { null: "ignore" }],
      "no-implicit-globals": "error",
      "no-shadow": ["error", { builtinGlobals: false, hoist: "functions" }],
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "no-var": "error",
      "prefer-const": ["error", { destructuring: "all" }],
    },
  },
  {
    files: ["workbench/**/*.js"],
    languageOptions: { globals: globals.browser },
    rules: {
      "no-restricted-globals": ["error", "event", "localStorage", "name", "open", "sessionStorage"],
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({ property })),
      ],
      "no-restricted-syntax": [
        "error",
        ...LINKED.map(([selector, message]) => ({ selector, message })),
      ],
    },
  },
  {
    files: ["*.js", "tests/**/*.js"],
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
  },
);
