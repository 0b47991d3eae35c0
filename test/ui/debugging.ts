import type { Locator } from 'playwright-core';
import { plain, type Screen } from './screen.ts';
import type { SideBar } from './sideBar.ts';
import type { TextEditor } from './textEditor.ts';

/** Starting and stopping sessions, the debug toolbar, the call stack, and the machine's position. */
export class Debugging {
  private readonly screen: Screen;
  private readonly sideBar: SideBar;
  private readonly editor: TextEditor;

  constructor(screen: Screen, sideBar: SideBar, editor: TextEditor) {
    this.screen = screen;
    this.sideBar = sideBar;
    this.editor = editor;
  }

  /**
   * Presses F5 once the Overlays view is visible, which means that VS Code has registered the debugger. Returns a
   * function that gives the milliseconds since F5 was pressed.
   */
  async start(): Promise<() => number> {
    await this.sideBar.showDebugView();
    await this.sideBar.pane('Overlays').waitFor();
    const start = performance.now();
    await this.screen.page.keyboard.press('F5');
    return () => Math.round(performance.now() - start);
  }

  /**
   * Presses F5 after launch.json has been changed to replay. If the editor has not noticed the change yet, it asks
   * whether to record again; this method then cancels the question and presses F5 again.
   */
  async startReplay(): Promise<() => number> {
    const question = this.screen.page.locator('.monaco-dialog-box');
    for (;;) {
      const clock = await this.start();
      await question.or(this.button('Stop')).locator('visible=true').first().waitFor();
      if (!(await question.isVisible())) return clock;
      await this.screen.page.keyboard.press('Escape');
      await question.waitFor({ state: 'hidden' });
    }
  }

  /** Waits until the call stack view gives these words as the reason for the stop, and the machine can continue. */
  async waitUntilStopped(words: string): Promise<void> {
    await this.screen.page.locator('.call-stack-state-message', { hasText: words }).waitFor();
    await this.button('Continue').and(this.screen.page.locator(':not(.disabled)')).waitFor();
  }

  async stop(): Promise<void> {
    await this.press('Stop');
    await this.button('Stop').waitFor({ state: 'hidden' });
  }

  /** Waits until VS Code has read the configuration and shows it in the status bar (needs `debug.showInStatusBar`). */
  async untilConfigurationIsKnown(name: string): Promise<void> {
    await this.screen.page.locator('.statusbar-item[id="status.debug"]', { hasText: name }).waitFor();
  }

  /**
   * Presses F5 in a folder that is not trusted, and answers VS Code's question whether to trust it. VS Code asks when
   * F5 is pressed; older versions ask as soon as the folder is open. Returns the actions in order.
   */
  async trustAndStart(screenshotName: string): Promise<string[]> {
    const question = this.screen.page.locator('.monaco-dialog-box', { hasText: /trust/i });
    const banner = this.screen.page.locator('.part.banner', { hasText: 'Restricted Mode' });
    const actions: string[] = [];
    const pressF5 = async () => {
      actions.push('F5');
      await this.screen.page.keyboard.press('F5');
    };
    const trust = async () => {
      actions.push('trust the folder');
      await this.screen.screenshot(screenshotName);
      await question.getByRole('button', { name: /^Trust|^Yes, I trust/ }).click();
      await question.waitFor({ state: 'hidden' });
    };
    await question.or(banner).first().waitFor();
    // Until a debugger is registered in VS Code, F5 only opens the debug view, so it is pressed repeatedly.
    if (await question.isVisible()) {
      await trust();
      await this.screen.until('a session starts', async () => {
        await pressF5();
        await this.button('Stop').waitFor({ timeout: 10_000 });
        return true;
      });
    } else {
      await this.screen.until('VS Code asks for trust', async () => {
        await pressF5();
        await question.waitFor({ timeout: 3000 });
        return true;
      });
      await trust();
    }
    return actions;
  }

  /** Clicks the button with this label in the debug toolbar. */
  async press(button: string): Promise<void> {
    await this.button(button).click();
  }

  button(label: string): Locator {
    const buttons = this.screen.page.locator('.debug-toolbar a.action-label');
    return buttons.and(this.screen.page.locator(`[aria-label="${label}"], [aria-label^="${label} ("]`));
  }

  /**
   * Waits until the call stack view shows this as the innermost frame, and the editor shows its line with the yellow
   * arrow.
   */
  async waitUntilAt({ name, file, line }: { name: string; file: string; line: number }): Promise<void> {
    const label = `Stack Frame ${name}, line ${line}, ${file}`;
    await this.screen.page
      .locator(`.debug-call-stack .monaco-list-row[data-index="0"][aria-label="${label}"]`)
      .waitFor();
    await this.screen.page.locator(`.tab.active[data-resource-name="${file}"]`).waitFor();
    await this.screen.until(`line ${line} is highlighted`, async () => (await this.editor.highlightedLine()) === line);
  }

  /** The innermost frame in the call stack view. */
  async topFrame(): Promise<{ name: string; line: number }> {
    const row = this.screen.page.locator('.debug-call-stack .monaco-list-row[data-index="0"]');
    const [, name, line] = /^Stack Frame (.*), line (\d+), /.exec((await row.getAttribute('aria-label')) ?? '') ?? [];
    return { name: name ?? '', line: Number(line) };
  }

  /** Whether the machine is stopped and can continue. */
  async isStopped(): Promise<boolean> {
    return this.button('Continue').and(this.screen.page.locator(':not(.disabled)')).isVisible();
  }

  /** A row of the disassembly view, which contains an instruction and, above it, the lines of the source. */
  disassemblyRow(text: RegExp): Locator {
    return this.screen.page.locator('.disassembly-view .monaco-list-row', { hasText: text }).first();
  }

  /** The text of the status bar item that shows the machine's position. */
  async positionText(): Promise<string> {
    return plain(this.screen.page.locator('.statusbar-item[id$="blkreplay.place"]'));
  }

  /** Starts one of several launch configurations. From then on, F5 starts the same one. */
  async startConfiguration(name: string): Promise<void> {
    await this.sideBar.showDebugView();
    await this.sideBar.pane('Overlays').waitFor();
    await this.screen.pick(name, { prefix: 'debug ', key: 'Control+P' });
  }
}
