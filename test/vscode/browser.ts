import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chromium, type Page } from 'playwright-core';

/** The system's Chromium, running headless with a separate profile. It can connect only to this machine. */
export interface Browser {
  page: Page;
  close(): Promise<void>;
}

export async function openBrowser({
  userAgent,
  width = 1440,
  height = 900,
}: { userAgent?: string; width?: number; height?: number } = {}): Promise<Browser> {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-chromium-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    headless: true,
    viewport: { width, height },
    userAgent,
    permissions: ['clipboard-read', 'clipboard-write'],
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
  const close = async () => {
    await context.close();
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
  return { page: context.pages()[0] ?? (await context.newPage()), close };
}

/** The URL of a window without a folder. */
export const emptyWindowUrl = (server: string): string =>
  `${server}/?${new URLSearchParams({ ew: 'true', payload: JSON.stringify([['skipWelcome', 'true']]) })}`;

/** The URL of the workbench for a folder, optionally with an extension under development and its tests. */
export function workbenchUrl(
  server: string,
  { folder, extension, tests }: { folder: string; extension?: string; tests?: string },
): string {
  const onServer = (file: string) => `vscode-remote://${new URL(server).host}${encodeURI(file)}`;
  const payload = [['skipWelcome', 'true']];
  if (extension) payload.push(['extensionDevelopmentPath', onServer(extension)]);
  if (tests) payload.push(['extensionTestsPath', onServer(tests)]);
  const query = new URLSearchParams({ folder, payload: JSON.stringify(payload) });
  return `${server}/?${query}`;
}
