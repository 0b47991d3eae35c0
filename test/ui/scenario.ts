import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { emptyWindowUrl, openBrowser, workbenchUrl } from '../vscode/browser.ts';
import { installServer, NEWEST_VERSION } from '../vscode/install.ts';
import { copySample } from '../vscode/sample.ts';
import { type ServerOptions, startServer } from '../vscode/server.ts';
import { Workbench } from './workbench.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/**
 * Opens VS Code as a user sees it, with the packaged extension installed from its .vsix and a copy of the sample folder
 * open. After the test, a screenshot is saved, and everything else is removed.
 */
export async function openSample(
  t: TestContext,
  options: ServerOptions = {},
  prepare: (folder: string) => void = () => {},
): Promise<{ workbench: Workbench; folder: string }> {
  const sample = copySample();
  t.after(() => sample.remove());
  prepare(sample.folder);
  // With this setting, VS Code asks for confirmation if F5 is pressed before it has noticed a change to launch.json.
  const { workbench, server } = await openWorkbench(t, { settings: { 'blkreplay.overwrite': 'ask' }, ...options });
  await workbench.open(workbenchUrl(server, { folder: sample.folder }));
  return { workbench, folder: sample.folder };
}

/** Opens VS Code without a folder, as it is right after the extension has been installed. No folder is trusted. */
export async function openEmptyWindow(t: TestContext): Promise<Workbench> {
  const { workbench, server } = await openWorkbench(t, {
    asksForTrust: true,
    settings: { 'debug.showInStatusBar': 'always' },
  });
  await workbench.page.goto(emptyWindowUrl(server));
  return workbench;
}

async function openWorkbench(t: TestContext, { settings, ...options }: ServerOptions) {
  const vscode = installServer();
  const server = await startServer(vscode, {
    ...options,
    ...{ vsix: [packagedExtension()], settings: { ...SETTINGS, ...settings } },
  });
  const browser = await openBrowser();
  const workbench = new Workbench(browser.page, screenshotFolder(vscode.version));
  t.after(async () => {
    await workbench.screenshot(`last of ${path.basename(t.filePath ?? '')}`);
    await browser.close();
    await server.stop();
  });
  return { workbench, server: server.url };
}

/** With this setting, VS Code renders the terminal as page elements, whose text the tests can read. */
const SETTINGS = { 'terminal.integrated.gpuAcceleration': 'off' };

/** `npm run docs:images` makes the images in the documentation from the screenshots of the newest version. */
const screenshotFolder = (version: string): string =>
  path.join(ROOT, '.vscode-test', version === NEWEST_VERSION ? 'screenshots' : `screenshots-${version}`);

/** The path of the package that `npm run package` makes. */
function packagedExtension(): string {
  const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const vsix = path.join(ROOT, `blkreplay-${version}.vsix`);
  if (!fs.existsSync(vsix)) throw new Error(`There is no ${vsix}: run npm run package first`);
  return vsix;
}
