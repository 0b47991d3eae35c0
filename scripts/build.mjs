// Bundles the entry points into dist/. CommonJS, because VS Code requires its extensions and adapters.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { noticesFor } from './notices.ts';
import { readyMade } from './readyMade.mjs';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

mkdirSync('dist', { recursive: true });
// The package as a whole is ES modules (Node runs the TypeScript sources in tests); what is bundled is not.
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: true,
  minifySyntax: true,
  // Names stay, for the stacks in reports; the rest is a third of what Node reads at start-up.
  minifyWhitespace: true,
  logLevel: 'warning',
  metafile: true,
};

const adapter = await build({
  ...common,
  entryPoints: {
    cli: 'debug-adapter/commandLine.ts',
    'cli-worker': 'debug-adapter/commandWorker.ts',
    'cli-main': 'debug-adapter/cli/main.ts',
    'debug-adapter': 'debug-adapter/main.ts',
    'engine-worker': 'debug-adapter/engineWorker.ts',
  },
  outdir: 'dist',
  external: ['./cli-main.js'],
  define: { BLKREPLAY_VERSION: JSON.stringify(version) },
  plugins: [readyMade],
});

// `.cjs`, because VS Code would take `.js` for an ES module: package.json says "type": "module".
const extension = await build({
  ...common,
  entryPoints: ['extension/main.ts'],
  outfile: 'dist/extension.cjs',
  external: ['vscode'],
  // Between these the extension's code loads, which is part of what its activation costs.
  banner: { js: 'const BLKREPLAY_LOADING_AT = performance.now();' },
  footer: { js: 'const BLKREPLAY_LOADING_MS = performance.now() - BLKREPLAY_LOADING_AT;' },
});

writeFileSync('dist/THIRD_PARTY_NOTICES.txt', noticesFor([adapter.metafile, extension.metafile]));
