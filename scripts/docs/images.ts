import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { type Browser, openBrowser } from '../../test/vscode/browser.ts';
import { decodePng, encodePng, type Frame } from './png.ts';

/**
 * Makes the images in docs/images from the screenshots of the UI tests. `npm run docs:images` runs the tests first.
 * Each frame of the animation has a caption, which the browser draws.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const SCREENSHOTS = path.join(ROOT, '.vscode-test/screenshots');
const IMAGES = path.join(ROOT, 'docs/images');

/** README.md shows this animation. */
const ANIMATION: { screenshot: string; caption: string; milliseconds: number }[] = [
  {
    screenshot: 'demo-1-failure',
    caption: '<b>F5</b> boots and records the system. It fails: <i>entry_count is damaged</i>. Who damaged it?',
    milliseconds: 3500,
  },
  {
    screenshot: 'demo-2-record-menu',
    caption: 'Right-click the value: <b>Break on Value Change</b>',
    milliseconds: 2500,
  },
  {
    screenshot: 'demo-2-record-culprit',
    caption: '<b>Reverse</b> runs back to the write: <i>level</i> is 8, but the array has 8 elements',
    milliseconds: 4500,
  },
  {
    screenshot: 'demo-2-record-step-back',
    caption: '<b>Step Back</b>, as often as you like: variables and call stack are those of that time',
    milliseconds: 3500,
  },
  {
    screenshot: 'demo-3-snapshot',
    caption: 'The <b>Overlays</b> view: go to any snapshot of the machine and its disk',
    milliseconds: 3500,
  },
  {
    screenshot: 'demo-6-replay-culprit',
    caption: '<b>Replay</b>: change one word in launch.json, and the same run is there again',
    milliseconds: 3500,
  },
];

/** Still images in the documentation, and the screenshots from which they are made. */
const STILLS: Record<string, string> = {
  'snapshots.png': 'demo-3-snapshot',
  'kernel.png': 'kernel-2-record-write',
};

const WIDTH = 1440;
const CAPTION_HEIGHT = 56;

async function main(): Promise<void> {
  const browser = await openBrowser({ width: WIDTH, height: 900 + CAPTION_HEIGHT });
  const frames: Frame[] = [];
  for (const { screenshot, caption, milliseconds } of ANIMATION) {
    frames.push({ image: decodePng(await withCaption(browser, screenshot, caption)), milliseconds });
  }
  await browser.close();
  write('demo.png', encodePng(frames));
  for (const [name, screenshot] of Object.entries(STILLS)) {
    write(name, encodePng([{ image: decodePng(readFileSync(fileOf(screenshot))), milliseconds: 0 }]));
  }
}

/** The screenshot with a line of text above it. */
async function withCaption({ page }: Browser, screenshot: string, caption: string): Promise<Buffer> {
  const source = `data:image/png;base64,${readFileSync(fileOf(screenshot), 'base64')}`;
  await page.setContent(
    `<body style="margin: 0; background: #1f2a44; color: white; font: 24px/${CAPTION_HEIGHT}px sans-serif">
       <div style="height: ${CAPTION_HEIGHT}px; text-align: center">${caption}</div>
       <img style="display: block; width: ${WIDTH}px" src="${source}">
     </body>`,
  );
  await page.locator('img').evaluate((image) => (image as HTMLImageElement).decode());
  return page.screenshot();
}

const fileOf = (screenshot: string): string => path.join(SCREENSHOTS, `${screenshot}.png`);

function write(name: string, bytes: Buffer): void {
  writeFileSync(path.join(IMAGES, name), bytes);
  console.log(`docs/images/${name}: ${Math.ceil(bytes.length / 1024)} kB`);
}

await main();
