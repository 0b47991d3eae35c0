import { registerHooks } from 'node:module';

// The extension imports VS Code's API as the module `vscode`, which exists only in VS Code. A file that imports this one
// can load parts of the extension with `await import`; they use fakeVscode.ts.
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'vscode'
      ? { url: new URL('fakeVscode.ts', import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
});
