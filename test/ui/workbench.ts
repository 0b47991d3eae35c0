import type { FrameLocator, Locator } from 'playwright-core';
import { Debugging } from './debugging.ts';
import { plain, Screen } from './screen.ts';
import { SideBar } from './sideBar.ts';
import { Terminal } from './terminal.ts';
import { TextEditor } from './textEditor.ts';
import { Variables } from './variables.ts';

/**
 * VS Code's window as scenarios use it: the actions of a user, and what the screen shows. Methods wait for conditions,
 * never for fixed times. Only this file and the parts that it imports contain names of VS Code's page elements.
 */
export class Workbench extends Screen {
  readonly sideBar = new SideBar(this);
  readonly editor = new TextEditor(this);
  readonly terminal = new Terminal(this);
  readonly variables = new Variables(this);
  readonly debugging = new Debugging(this, this.sideBar, this.editor);

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.waitForSelector('.explorer-folders-view .monaco-list-row');
  }

  /** Selects a step of the walkthrough that is open. */
  async openWalkthroughStep(title: string): Promise<void> {
    const step = this.page.locator('.getting-started-step', { has: this.page.locator(`h3:text-is("${title}")`) });
    await step.locator('h3').click();
    await this.page.locator('.getting-started-step.expanded', { hasText: title }).waitFor();
  }

  /** The contents of the visible web page in an editor. */
  webview(): FrameLocator {
    return this.page.frameLocator('iframe.webview:visible').frameLocator('#active-frame');
  }

  /** Opens the page of an installed extension in the Extensions view. */
  async openExtensionPage(name: string): Promise<void> {
    await this.page.keyboard.press('Control+Shift+X');
    const search = this.page.locator('.extensions-viewlet .monaco-editor').first();
    await search.click();
    await this.page.keyboard.type(`@installed ${name}`);
    await this.page.locator('.extensions-list .monaco-list-row', { hasText: name }).first().click();
    await this.page.locator('.extension-editor').waitFor();
  }

  /** Waits until the window has the colors of a theme. */
  async themeIs(kind: 'vs' | 'vs-dark' | 'hc-black' | 'hc-light'): Promise<void> {
    await this.page.locator(`.monaco-workbench.${kind}`).first().waitFor();
  }

  async contextMenu(row: Locator, item: string, screenshotName?: string): Promise<void> {
    await row.click({ button: 'right' });
    const entry = this.page.locator('.monaco-menu .action-label', { hasText: item }).first();
    await entry.hover();
    if (screenshotName) await this.screenshot(screenshotName);
    // A menu ignores clicks for a moment after it has opened, so that the click that opened it selects nothing. The
    // click is therefore repeated.
    await this.until(`${item} is chosen`, async () => {
      if ((await this.page.locator('.monaco-menu').count()) === 0) return true;
      await entry.click({ timeout: 500 });
      return false;
    });
  }

  /** The text of the progress notification. */
  async progress(): Promise<string> {
    const item = this.page.locator('.notification-toast .notification-list-item', { hasText: 'Running' });
    return (await item.count()) > 0 ? plain(item.first()) : '';
  }

  async cancelProgress(): Promise<void> {
    await this.page.locator('.notification-toast').getByRole('button', { name: 'Cancel' }).click();
  }

  /** All visible notification toasts, except one of VS Code's own hints. */
  async notifications(): Promise<string[]> {
    const items = await this.page.locator('.notification-toast .notification-list-item').all();
    return (await Promise.all(items.map(plain))).filter((text) => !OWN_HINT.test(text));
  }
}

/** VS Code 1.100 shows this once, when a key opens the Command Palette while the terminal has the focus. */
const OWN_HINT = /Some keybindings don't go to the terminal by default/;
