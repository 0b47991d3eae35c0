import fs from 'node:fs';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { openBrowser, workbenchUrl } from '../vscode/browser.ts';
import { installServer } from '../vscode/install.ts';
import { copySample } from '../vscode/sample.ts';
import { startServer } from '../vscode/server.ts';
import { Workbench } from './workbench.ts';

/**
 * Opens VS Code as a user sees it, with the packaged extension installed from its .vsix and a copy of the sample folder
 * open. After the test, a screenshot is saved, and everything else is removed.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');

export async function openSample(t: TestContext): Promise<{ workbench: Workbench; folder: string }> {
  const sample = copySample();
  const server = await startServer(installServer(), { vsix: [packagedExtension()], settings: SETTINGS });
  const browser = await openBrowser();
  const workbench = new Workbench(browser.page);
  t.after(async () => {
    await workbench.screenshot(`last of ${path.basename(t.filePath ?? '')}`);
    await browser.close();
    await server.stop();
    sample.remove();
  });
  await workbench.open(workbenchUrl(server.url, { folder: sample.folder }));
  return { workbench, folder: sample.folder };
}

/** With this setting, VS Code renders the terminal as page elements, whose text the tests can read. */
const SETTINGS = { 'terminal.integrated.gpuAcceleration': 'off' };

/** The path of the package that `npm run package` makes. */
function packagedExtension(): string {
  const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const vsix = path.join(ROOT, `blkreplay-${version}.vsix`);
  if (!fs.existsSync(vsix)) throw new Error(`There is no ${vsix}: run npm run package first`);
  return vsix;
}
