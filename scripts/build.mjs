// Bundles the entry points into dist/, as CommonJS because VS Code loads extensions and adapters with `require`.
import { build } from 'esbuild';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { writePackageReadme } from './docs/packageReadme.ts';
import { noticesFor } from './notices.ts';
import { prebuilt } from './prebuilt.mjs';
import { assembleSample } from './sample.ts';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

mkdirSync('dist', { recursive: true });
// The bundles are CommonJS, but the top-level package.json contains "type": "module", because Node runs the sources
// directly in tests. dist/ therefore gets its own package.json.
writeFileSync('dist/package.json', '{ "type": "commonjs" }\n');

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  sourcemap: true,
  minifySyntax: true,
  // Only whitespace is removed, which makes the files that Node reads at startup a third smaller. Identifiers are kept,
  // so that stack traces in bug reports remain readable.
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
    'symbol-index-worker': 'debug-adapter/symbolIndexWorker.ts',
  },
  outdir: 'dist',
  external: ['./cli-main.js'],
  define: { BLKREPLAY_VERSION: JSON.stringify(version) },
  plugins: [prebuilt],
});

// The bundled extension is a `.cjs` file, because VS Code would treat a `.js` file as an ES module: package.json
// contains "type": "module".
const extension = await build({
  ...common,
  entryPoints: ['extension/main.ts'],
  outfile: 'dist/extension.cjs',
  external: ['vscode'],
  // The code is loaded between these two lines, which measure the time that loading takes. This time is part of the
  // activation time.
  banner: { js: 'const BLKREPLAY_LOADING_AT = performance.now();' },
  footer: { js: 'const BLKREPLAY_LOADING_MS = performance.now() - BLKREPLAY_LOADING_AT;' },
});

writePackageReadme();
writeFileSync('dist/THIRD_PARTY_NOTICES.txt', noticesFor([adapter.metafile, extension.metafile]));
assembleSample('dist/sample');
