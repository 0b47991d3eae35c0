import fs from 'node:fs';
import path from 'node:path';
import type { Workbench } from './workbench.ts';

const THEMES = {
  vs: 'Default Light Modern',
  'vs-dark': 'Default Dark Modern',
  'hc-black': 'Default High Contrast',
  'hc-light': 'Default High Contrast Light',
};

/** Takes a screenshot in light, dark and both high-contrast themes. A theme change does not move the focus. */
export async function inAllThemes(workbench: Workbench, folder: string, screenshotName: string): Promise<void> {
  for (const [kind, theme] of Object.entries(THEMES)) {
    const settings = { 'workbench.colorTheme': theme };
    fs.writeFileSync(path.join(folder, '.vscode/settings.json'), JSON.stringify(settings));
    await workbench.themeIs(kind as keyof typeof THEMES);
    await workbench.screenshot(`${screenshotName}-${kind}`);
  }
}
