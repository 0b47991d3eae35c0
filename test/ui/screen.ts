import fs from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';

/** The limit is generous, since other work may slow down the test machine. */
const WAIT_MS_MAX = 60_000;

/**
 * The page that shows VS Code, with what all parts of the window need: waiting, screenshots, and the box at the top of
 * the window, in which the user selects commands and files and enters text.
 */
export class Screen {
  readonly page: Page;
  private readonly screenshots: string;

  /** `screenshots` is the folder in which screenshots are saved. */
  constructor(page: Page, screenshots: string) {
    this.page = page;
    this.screenshots = screenshots;
    page.setDefaultTimeout(WAIT_MS_MAX);
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + WAIT_MS_MAX;
    while (!(await holds().catch(() => false))) {
      if (performance.now() > end) throw new Error(`It never came to this: ${what}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Saves a screenshot for human inspection; no test asserts on it. */
  async screenshot(name: string): Promise<void> {
    fs.mkdirSync(this.screenshots, { recursive: true });
    await this.page.screenshot({ path: path.join(this.screenshots, `${name}.png`), animations: 'disabled' });
  }

  /** Runs a command through the command palette. */
  async command(title: string): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.pick(title, '>');
  }

  /** Types into the open quick pick and accepts its suggestion, which may appear late in a new window. */
  async pick(text: string, prefix = ''): Promise<void> {
    const input = this.page.locator('.quick-input-widget:visible input[type=text]');
    const row = this.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first();
    await this.until(`${text} is offered`, async () => {
      await input.fill(prefix);
      await input.fill(prefix + text);
      await row.waitFor({ timeout: 3000 });
      return true;
    });
    await row.click();
  }

  /** Enters text in the open input box and confirms it. */
  async answer(text: string): Promise<void> {
    await this.page.locator('.quick-input-widget:visible input[type=text]').fill(text);
    await this.page.keyboard.press('Enter');
  }
}

/** The text of an element, with single spaces. */
export async function plain(locator: Locator): Promise<string> {
  return (await locator.innerText()).replace(/\s+/g, ' ').trim();
}
