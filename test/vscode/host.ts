import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import type { Results } from '../extension/suite/index.ts';
import { openBrowser, workbenchUrl } from './browser.ts';
import { installServer } from './install.ts';
import { copySample } from './sample.ts';
import { startServer } from './server.ts';

/**
 * Runs test/extension/suite in an extension host of real VS Code, with a copy of the sample folder. On a desktop, this
 * is VS Code itself, which `@vscode/test-electron` downloads. If the download or a display is not available, VS Code's
 * web server is used instead. `VSCODE_TEST_HOST` selects `desktop` or `web`.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const SUITE = path.join(ROOT, '.vscode-test/suite/index.cjs');
const RUN_MS_MAX = 600_000;

interface Run {
  folder: string;
  env: { BLKREPLAY_TEST_RESULTS: string };
}

export async function runInVsCode(): Promise<Results> {
  await bundleSuite();
  const sample = copySample();
  const file = path.join(os.tmpdir(), `blkreplay-results-${process.pid}.json`);
  const run: Run = { folder: sample.folder, env: { BLKREPLAY_TEST_RESULTS: file } };
  try {
    const ended = wantsDesktop() ? await onDesktop(run) : await inWebServer(run);
    if (!fs.existsSync(file)) throw new Error(`VS Code ended without results:\n${ended}`);
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } finally {
    fs.rmSync(file, { force: true });
    sample.remove();
  }
}

/**
 * Bundles the suite into one CommonJS file, which is the format that VS Code loads. Its extension is `.cjs`, because
 * package.json says "type": "module".
 */
async function bundleSuite(): Promise<void> {
  await build({
    entryPoints: [path.join(ROOT, 'test/extension/suite/index.ts')],
    outfile: SUITE,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
}

function wantsDesktop(): boolean {
  const wanted = process.env.VSCODE_TEST_HOST;
  if (wanted) return wanted === 'desktop';
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

async function onDesktop(run: Run): Promise<string> {
  const { downloadAndUnzipVSCode, runTests } = await import('@vscode/test-electron');
  let vscodeExecutablePath: string;
  try {
    vscodeExecutablePath = await downloadAndUnzipVSCode(process.env.VSCODE_TEST_VERSION || 'stable');
  } catch (error) {
    if (process.env.VSCODE_TEST_HOST === 'desktop') throw error;
    console.log(`VS Code cannot be downloaded (${(error as Error).message}): its web server is used instead`);
    return inWebServer(run);
  }
  const launchArgs = [run.folder, '--disable-extensions', '--disable-workspace-trust', '--skip-welcome'];
  // If a test fails, VS Code exits with an error, which is ignored here because the results name the failed test.
  return runTests({
    ...{ vscodeExecutablePath, extensionDevelopmentPath: ROOT, extensionTestsPath: SUITE, launchArgs },
    extensionTestsEnv: run.env,
  }).then(String, String);
}

async function inWebServer({ folder, env }: Run): Promise<string> {
  const server = await startServer(installServer(), { isForExtensionTests: true, env });
  const browser = await openBrowser();
  try {
    const { page } = browser;
    // VS Code calls the first of these functions with log output, and the second one when the promise of `run` has
    // settled.
    let output = '';
    await page.exposeFunction('codeAutomationLog', (kind: string, args: unknown[]) => {
      output += `[${kind}] ${args.map(String).join(' ')}\n`;
    });
    const ended = new Promise<void>((resolve) => void page.exposeFunction('codeAutomationExit', () => resolve()));
    const late = new Promise<void>((resolve) => setTimeout(resolve, RUN_MS_MAX).unref());
    await page.goto(workbenchUrl(server.url, { folder, extension: ROOT, tests: SUITE }));
    await Promise.race([ended, late]);
    return `${output}${server.log()}`;
  } finally {
    await browser.close();
    await server.stop();
  }
}
