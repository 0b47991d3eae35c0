import fs from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';

/**
 * VS Code's window as scenarios use it: the actions of a user, and what the screen shows. Methods wait for conditions,
 * never for fixed times. Only this file contains names of VS Code's page elements.
 */
/** The limit is generous, since other work may slow down the test machine. */
const WAIT_MS_MAX = 60_000;

export class Workbench {
  readonly page: Page;
  private readonly screenshots: string;

  /** `screenshots` is the folder in which screenshots are saved. */
  constructor(page: Page, screenshots: string) {
    this.page = page;
    this.screenshots = screenshots;
    page.setDefaultTimeout(WAIT_MS_MAX);
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.waitForSelector('.explorer-folders-view .monaco-list-row');
  }

  /**
   * Presses F5 once the Overlays view is visible, which means that VS Code has registered the debugger. Returns a
   * function that gives the milliseconds since F5 was pressed.
   */
  async startDebugging(): Promise<() => number> {
    await this.showDebugView();
    await this.pane('Overlays').waitFor();
    const start = performance.now();
    await this.page.keyboard.press('F5');
    return () => Math.round(performance.now() - start);
  }

  /**
   * Presses F5 after launch.json has been changed to replay. If the editor has not noticed the change yet, it asks
   * whether to record again; this method then cancels the question and presses F5 again.
   */
  async startReplay(): Promise<() => number> {
    const question = this.page.locator('.monaco-dialog-box');
    for (;;) {
      const clock = await this.startDebugging();
      await question.or(this.toolbarButton('Stop')).locator('visible=true').first().waitFor();
      if (!(await question.isVisible())) return clock;
      await this.page.keyboard.press('Escape');
      await question.waitFor({ state: 'hidden' });
    }
  }

  /** Waits until the call stack view gives these words as the reason for the stop, and the machine can continue. */
  async waitUntilStopped(words: string): Promise<void> {
    await this.page.locator('.call-stack-state-message', { hasText: words }).waitFor();
    await this.toolbarButton('Continue').and(this.page.locator(':not(.disabled)')).waitFor();
  }

  async stopDebugging(): Promise<void> {
    await this.press('Stop');
    await this.toolbarButton('Stop').waitFor({ state: 'hidden' });
  }

  async showDebugView(): Promise<void> {
    await this.page.keyboard.press('Control+Shift+D');
    await this.page.waitForSelector('.debug-viewlet');
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

  /** Waits until VS Code has read the configuration. The status bar must show it (`debug.showInStatusBar`). */
  async untilConfigurationIsKnown(name: string): Promise<void> {
    await this.page.locator('.statusbar-item[id="status.debug"]', { hasText: name }).waitFor();
  }

  /**
   * Presses F5 in a folder that is not trusted, and answers VS Code's question whether to trust it. VS Code asks when
   * F5 is pressed; older versions ask as soon as the folder is open. Returns the actions in order.
   */
  async trustAndStart(screenshotName: string): Promise<string[]> {
    const question = this.page.locator('.monaco-dialog-box', { hasText: /trust/i });
    const banner = this.page.locator('.part.banner', { hasText: 'Restricted Mode' });
    const actions: string[] = [];
    const pressF5 = async () => {
      actions.push('F5');
      await this.page.keyboard.press('F5');
    };
    const trust = async () => {
      actions.push('trust the folder');
      await this.screenshot(screenshotName);
      await question.getByRole('button', { name: /^Trust|^Yes, I trust/ }).click();
      await question.waitFor({ state: 'hidden' });
    };
    await question.or(banner).first().waitFor();
    // Until a debugger is registered in VS Code, F5 only opens the debug view, so it is pressed repeatedly.
    if (await question.isVisible()) {
      await trust();
      await this.until('a session starts', async () => {
        await pressF5();
        await this.toolbarButton('Stop').waitFor({ timeout: 10_000 });
        return true;
      });
    } else {
      await this.until('VS Code asks for trust', async () => {
        await pressF5();
        await question.waitFor({ timeout: 3000 });
        return true;
      });
      await trust();
    }
    return actions;
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

  async openFile(name: string): Promise<void> {
    await this.page.keyboard.press('Control+P');
    await this.pick(name);
    await this.page.waitForSelector(`.tab.active[data-resource-name="${name}"]`);
    await this.page.waitForSelector('.editor-instance .view-line');
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

  /** Clicks the button with this label in the debug toolbar. */
  async press(button: string): Promise<void> {
    await this.toolbarButton(button).click();
  }

  toolbarButton(label: string): Locator {
    const buttons = this.page.locator('.debug-toolbar a.action-label');
    return buttons.and(this.page.locator(`[aria-label="${label}"], [aria-label^="${label} ("]`));
  }

  /**
   * Waits until the call stack view shows this as the innermost frame, and the editor shows its line with the yellow
   * arrow.
   */
  async waitUntilAt({ name, file, line }: { name: string; file: string; line: number }): Promise<void> {
    const label = `Stack Frame ${name}, line ${line}, ${file}`;
    await this.page.locator(`.debug-call-stack .monaco-list-row[data-index="0"][aria-label="${label}"]`).waitFor();
    await this.page.locator(`.tab.active[data-resource-name="${file}"]`).waitFor();
    await this.until(`line ${line} is highlighted`, async () => (await this.highlightedLine()) === line);
  }

  /** The innermost frame in the call stack view. */
  async topFrame(): Promise<{ name: string; line: number }> {
    const row = this.page.locator('.debug-call-stack .monaco-list-row[data-index="0"]');
    const [, name, line] = /^Stack Frame (.*), line (\d+), /.exec((await row.getAttribute('aria-label')) ?? '') ?? [];
    return { name: name ?? '', line: Number(line) };
  }

  /** Whether the machine is stopped and can continue. */
  async isStopped(): Promise<boolean> {
    return this.toolbarButton('Continue').and(this.page.locator(':not(.disabled)')).isVisible();
  }

  /** The number of the line with the yellow arrow. */
  async highlightedLine(): Promise<number | undefined> {
    return this.page.evaluate(() => {
      const highlight = document.querySelector('.editor-instance .debug-top-stack-frame-line');
      const top = highlight?.getBoundingClientRect().top;
      if (top === undefined) return undefined;
      const numbers = [...document.querySelectorAll('.editor-instance .line-numbers')];
      const beside = numbers.find((number) => Math.abs(number.getBoundingClientRect().top - top) < 2);
      return beside ? Number(beside.textContent) : undefined;
    });
  }

  /** The text of the active editor's visible lines, with the values that VS Code shows at the ends of the lines. */
  async linesWithValues(): Promise<string> {
    // A value is the content of a pseudo-element, so it is not part of the page's text.
    return this.page.evaluate(() => {
      const spans = [...document.querySelectorAll('.editor-instance .view-line span')];
      const texts = spans.flatMap((span) => [getComputedStyle(span, '::after').content, span.textContent]);
      return texts.join(' ').replaceAll('\u00a0', ' ');
    });
  }

  /** Moves the mouse over a word in the active editor (its last occurrence on the screen); returns the hover's text. */
  async hover(word: string): Promise<string> {
    const words = this.page.locator('.editor-instance .view-line span:not(:has(span))', { hasText: word });
    const hover = this.page.locator('.debug-hover-widget');
    await this.until(`there is a hover for ${word}`, async () => {
      await words.last().hover({ timeout: 1000 });
      await hover.waitFor({ timeout: 3000 });
      return true;
    });
    return plain(hover);
  }

  /** A row of the disassembly view, which contains an instruction and, above it, the lines of the source. */
  disassemblyRow(text: RegExp): Locator {
    return this.page.locator('.disassembly-view .monaco-list-row', { hasText: text }).first();
  }

  /** Waits until the window has the colors of a theme. */
  async themeIs(kind: 'vs' | 'vs-dark' | 'hc-black' | 'hc-light'): Promise<void> {
    await this.page.locator(`.monaco-workbench.${kind}`).first().waitFor();
  }

  /**
   * Expands the parents of a variable, such as Globals, store and superblock for entry_count, and returns the
   * variable's row.
   */
  async variable(scope: string, ...names: string[]): Promise<Locator> {
    const list = this.page.locator('.debug-variables .monaco-list');
    await list.hover();
    await this.scrollToTop();
    const labels = names.map((name, i) => `[aria-level="${i + 2}"][aria-label^="${name}, value "]`);
    const path = [`[aria-label="Scope ${scope}"]`, ...labels].map((label) => list.locator(`.monaco-list-row${label}`));
    for (const [i, row] of path.entries()) await this.showVariable(row.first(), path[i - 1]?.first());
    return path.at(-1)!.first();
  }

  async variableValue(scope: string, ...names: string[]): Promise<string> {
    const label = await (await this.variable(scope, ...names)).getAttribute('aria-label');
    return label!.replace(/^.*?, value /, '');
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

  treeRow(view: string, text: string | RegExp): Locator {
    return this.pane(view).locator('.monaco-list-row', { hasText: text }).first();
  }

  /** Clicks a button at the end of a row. */
  async clickInTree(view: string, text: string, button: string): Promise<void> {
    const row = this.treeRow(view, text);
    // The row may move away from the mouse when the tree is refreshed.
    await this.until(`${button} is clicked`, async () => {
      await row.hover({ timeout: 1000 });
      // If a command has a key, its label ends with the key.
      const labels = `[aria-label="${button}"], [aria-label^="${button} ("]`;
      await row.locator('a.action-label').and(row.locator(labels)).click({ timeout: 1000 });
      return true;
    });
  }

  /** Collapses or expands a side bar section. */
  async togglePane(title: string, wanted: 'open' | 'closed'): Promise<void> {
    const header = this.pane(title).locator('.pane-header');
    const isOpen = (await header.getAttribute('aria-expanded')) === 'true';
    if (isOpen !== (wanted === 'open')) await header.locator('h3.title').click();
  }

  /** The text of the status bar item that shows the machine's position. */
  async placeText(): Promise<string> {
    return plain(this.page.locator('.statusbar-item[id$="blkreplay.place"]'));
  }

  /** The text of the visible terminal, as provided to screen readers. */
  async terminalText(): Promise<string> {
    return this.page.locator('.terminal-wrapper.active .xterm-rows').innerText();
  }

  /** The dimmed text of the visible terminal. */
  async dimmedTerminalText(): Promise<string> {
    return (await this.page.locator('.terminal-wrapper.active .xterm-rows .xterm-dim').allInnerTexts()).join('');
  }

  /**
   * Follows the link of a terminal line with exactly this text. The terminal looks for links when the mouse moves to
   * another line, and a click before it has found the link has no effect.
   */
  async clickTerminalLine(text: string, isDone: () => Promise<boolean>): Promise<void> {
    const rows = this.page.locator('.terminal-wrapper.active .xterm-rows > div');
    const row = rows.filter({ hasText: new RegExp(`^${text}\\s*$`) }).first();
    await this.page.keyboard.down('Control');
    await this.until(`the link of ${text} is followed`, async () => {
      const { x, y } = (await row.boundingBox())!;
      await this.page.mouse.move(x + 4, y - 40, { steps: 3 });
      await this.page.mouse.move(x + 12, y + 8, { steps: 3 });
      await this.page.waitForTimeout(500);
      await this.page.mouse.click(x + 12, y + 8);
      await this.page.waitForTimeout(500);
      return isDone();
    });
    await this.page.keyboard.up('Control');
  }

  /** The text that decorations show at the ends of the editor's lines. */
  async lineEndText(): Promise<string> {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('.editor-instance .view-line span')]
        .map((span) => getComputedStyle(span, '::after').content)
        .filter((content) => content !== 'none' && content !== 'normal')
        .join('\n'),
    );
  }

  async focusEditor(): Promise<void> {
    await this.page.keyboard.press('Control+1');
    await this.page.locator('.editor-instance .monaco-editor.focused').waitFor();
  }

  /** Types text key by key; the guest reads each key when it is ready. */
  async typeIntoTerminal(text: string): Promise<void> {
    await this.page.locator('.terminal-wrapper.active .xterm-screen').click();
    await this.page.keyboard.type(text);
  }

  /** Starts one of several launch configurations. From then on, F5 starts the same one. */
  async startConfiguration(name: string): Promise<void> {
    await this.showDebugView();
    await this.pane('Overlays').waitFor();
    await this.page.keyboard.press('Control+P');
    await this.pick(name, 'debug ');
  }

  /** Sets or removes a breakpoint on a line of the active editor. */
  async toggleBreakpoint(line: number): Promise<void> {
    const breakpoints = this.page.locator('.editor-instance .codicon-debug-breakpoint');
    const before = await breakpoints.count();
    await this.page.keyboard.press('Control+G');
    await this.answer(`:${line}`);
    await this.page.keyboard.press('F9');
    await this.until('the breakpoint changes', async () => (await breakpoints.count()) !== before);
  }

  /** Sets a breakpoint with a condition on a line of the active editor. */
  async conditionalBreakpoint(line: number, condition: string): Promise<void> {
    await this.page.keyboard.press('Control+G');
    await this.answer(`:${line}`);
    await this.command('Debug: Add Conditional Breakpoint...');
    await this.page.locator('.breakpoint-widget .monaco-editor.focused').waitFor();
    await this.page.keyboard.type(condition);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.editor-instance .codicon-debug-breakpoint-conditional').waitFor();
  }

  /** The text of the progress notification. */
  async progress(): Promise<string> {
    const item = this.page.locator('.notification-toast .notification-list-item', { hasText: 'Running' });
    return (await item.count()) > 0 ? plain(item.first()) : '';
  }

  async cancelProgress(): Promise<void> {
    await this.page.locator('.notification-toast').getByRole('button', { name: 'Cancel' }).click();
  }

  /**
   * Replaces a word in the active editor and saves the file. `nth` selects one of several occurrences, counted from 0
   * at the top.
   */
  async replaceWord(word: string, by: string, nth = 0): Promise<void> {
    const words = this.page.locator('.editor-instance .view-line span', { hasText: new RegExp(`^${word}$`) });
    await words.nth(nth).dblclick();
    await this.page.keyboard.type(by);
    await this.page.keyboard.press('Escape'); // closes the suggestion list
    await this.page.keyboard.press('Control+S');
    await this.page.locator('.tab.active:not(.dirty)').waitFor();
  }

  pane(title: string): Locator {
    const header = this.page.locator('.pane-header', { has: this.page.locator(`h3.title:text-is("${title}")`) });
    return this.page.locator('.pane', { has: header });
  }

  /** All visible notification toasts. */
  async notifications(): Promise<string[]> {
    return Promise.all((await this.page.locator('.notification-toast .notification-list-item').all()).map(plain));
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + WAIT_MS_MAX;
    while (!(await holds().catch(() => false))) {
      if (performance.now() > end) throw new Error(`It never came to this: ${what}`);
      await this.page.waitForTimeout(50);
    }
  }

  /** Scrolls in small steps, because one large wheel movement is sometimes ignored. */
  private async scrollToTop(): Promise<void> {
    for (let turn = 0; turn < 25; turn++) await this.page.mouse.wheel(0, -200);
  }

  /**
   * Makes a variable's row appear. The list contains only visible rows, so this method expands the parent or scrolls
   * down. It also starts again from the top now and then, since a refreshed list keeps its scroll position.
   */
  private async showVariable(row: Locator, parent: Locator | undefined): Promise<void> {
    let tries = 0;
    await this.until(`there is ${row}`, async () => {
      if ((await row.count()) > 0) return true;
      if (++tries % TRIES_FROM_TOP === 0) {
        await this.scrollToTop();
        return false;
      }
      const isClosed = (await parent?.count()) && (await parent!.getAttribute('aria-expanded')) === 'false';
      if (isClosed) await parent!.locator('.monaco-tl-twistie').click({ timeout: 1000 });
      else await this.page.mouse.wheel(0, 44);
      return false;
    });
    await row.scrollIntoViewIfNeeded();
  }
}

const TRIES_FROM_TOP = 40;

async function plain(locator: Locator): Promise<string> {
  return (await locator.innerText()).replace(/\s+/g, ' ').trim();
}
