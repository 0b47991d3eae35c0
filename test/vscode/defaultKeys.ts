import fs from 'node:fs';
import path from 'node:path';
import { openBrowser, workbenchUrl } from './browser.ts';
import { installServer } from './install.ts';
import { copySample } from './sample.ts';
import { startServer } from './server.ts';

/**
 * Writes `test/extension/vscodeKeys.json`: every key combination to which VS Code assigns a command by default, on each
 * platform. VS Code lists them in its *Default Keyboard Shortcuts*; the web workbench takes the platform from the user
 * agent. Run `node test/vscode/defaultKeys.ts` after the newest tested version of VS Code has changed.
 */
const FILE = path.resolve(import.meta.dirname, '../extension/vscodeKeys.json');

const USER_AGENTS = {
  linux: 'X11; Linux x86_64',
  windows: 'Windows NT 10.0; Win64; x64',
  mac: 'Macintosh; Intel Mac OS X 10_15_7',
};

/** The web workbench leaves these keys to the browser on Windows. VS Code on the desktop uses them for Step Into and Step
 * Into Target. */
const ONLY_ON_DESKTOP = { linux: [], windows: ['f11', 'ctrl+f11'], mac: [] };

/** The time to wait after copying, because Chromium does not report when the text has been copied. */
const CLIPBOARD_MS = 2000;

type Platform = keyof typeof USER_AGENTS;

async function defaultKeys(platform: Platform): Promise<string[]> {
  const sample = copySample();
  const server = await startServer(installServer());
  const userAgent = `Mozilla/5.0 (${USER_AGENTS[platform]}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36`;
  const browser = await openBrowser({ userAgent });
  const { page } = browser;
  try {
    await page.goto(workbenchUrl(server.url, { folder: sample.folder }));
    await page.waitForSelector('.explorer-folders-view .monaco-list-row');
    await page.keyboard.press('F1');
    await page.locator('.quick-input-widget input[type=text]').fill('>Open Default Keyboard Shortcuts (JSON)');
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Default Keyboard Shortcuts' }).first().click();
    await page.locator('.editor-instance .view-line', { hasText: '"key"' }).first().click();
    await page.keyboard.press(platform === 'mac' ? 'Meta+A' : 'Control+A');
    // This key is handled by Chromium, which runs on Linux, so the key is the same for all three platforms.
    await page.keyboard.press('Control+C');
    await page.waitForTimeout(CLIPBOARD_MS);
    return keysIn(await page.evaluate(() => navigator.clipboard.readText()));
  } finally {
    await browser.close();
    await server.stop();
    sample.remove();
  }
}

/**
 * For a chord such as `ctrl+k ctrl+c`, returns the first combination: a command assigned to it would hide the whole
 * chord.
 */
function keysIn(json: string): string[] {
  const keys = [...json.matchAll(/"key": "([^"]+)"/g)].map(([, key]) => key.split(' ')[0]);
  if (keys.length < 500) throw new Error(`VS Code listed only ${keys.length} default keys`);
  return keys;
}

const lists: Record<string, string[]> = {};
for (const platform of Object.keys(USER_AGENTS) as Platform[]) {
  lists[platform] = [...new Set([...(await defaultKeys(platform)), ...ONLY_ON_DESKTOP[platform]])].sort();
}
fs.writeFileSync(FILE, `${JSON.stringify({ version: installServer().version, ...lists }, undefined, 2)}\n`);
