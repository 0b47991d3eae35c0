/** In VS Code, the extension's page has no broken images, and the documentation shows its images. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Frame } from 'playwright-core';
import { openSample } from './scenario.ts';
import type { Workbench } from './workbench.ts';

test("the extension's page shows README, and Open Documentation shows the guide with its images", async (t) => {
  const { workbench } = await openSample(t);
  await workbench.openExtensionPage('blkreplay');
  assert.deepEqual(await imagesIn(workbench, 'Debug RISC-V kernels', 0), []);
  await workbench.screenshot('page-1-readme');

  await workbench.command('blkreplay: Open Documentation');
  await workbench.pick('Guide');
  assert.deepEqual(await imagesIn(workbench, 'Recording and replaying', 3), [true, true, true]);
  await workbench.screenshot('page-2-guide');
});

/** Whether each image on the page that contains this text is visible. An image that cannot be loaded has no size. */
async function imagesIn(workbench: Workbench, text: string, count: number): Promise<boolean[]> {
  let images: boolean[] = [false];
  await workbench
    .until(`${text} and its images are shown`, async () => {
      const frame = await frameWith(workbench, text);
      if (!frame) return false;
      const sizes = await frame.locator('body img').evaluateAll((found) =>
        found.map((image) => {
          const { complete, naturalWidth } = image as HTMLImageElement;
          return complete && naturalWidth > 500;
        }),
      );
      images = sizes;
      return sizes.length === count && sizes.every(Boolean);
    })
    .catch(() => {});
  return images;
}

async function frameWith(workbench: Workbench, text: string): Promise<Frame | undefined> {
  for (const frame of workbench.page.frames()) {
    const content = await frame
      .locator('body')
      .innerText({ timeout: 500 })
      .catch(() => '');
    if (frame !== workbench.page.mainFrame() && content.includes(text)) return frame;
  }
  return undefined;
}
