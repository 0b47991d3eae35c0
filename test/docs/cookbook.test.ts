/** The cookbook's steps for VS Code lead to the stops and values that the cookbook describes. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { DapClient } from '../support/dapClient.ts';
import { isLong } from '../support/extent.ts';
import { codeBlocks, parseJson, sections } from './documents.ts';
import { EditorSteps } from './editorSteps.ts';
import { buildCookbookGuests, sampleRepository } from './sampleRepository.ts';

const COOKBOOK = 'docs/cookbook.md';
const recipes = sections(COOKBOOK, 2).filter(({ title }) => /^\d+\. /.test(title));
const configuration = parseJson(codeBlocks(COOKBOOK).find(({ language }) => language === 'jsonc')!);

test('the recipes of the cookbook', { concurrency: 2 }, async (t) => {
  const { guests } = sampleRepository(t);
  const isBuilt = buildCookbookGuests(guests, t);
  assert.ok(recipes.length >= 10);
  const runnable = recipes.filter(({ text }) => isBuilt || !text.includes('Record `cookbook/'));
  // `npm test` follows only a recipe with a small guest.
  const followed = isLong ? runnable : runnable.slice(4, 5);
  await Promise.all(followed.map((recipe) => t.test(recipe.title, (t) => follow(recipe.text, guests, t))));
});

async function follow(recipe: string, guests: string, t: TestContext): Promise<void> {
  const name = `recipe-${t.name.split('.')[0]}`;
  const dap = new DapClient(t);
  const drives = [{ ...(configuration.drives as object[])[0], overlay: `.blkreplay/${name}.qcow2` }];
  const steps = new EditorSteps(dap, {
    ...{ ...configuration, rrfile: `.blkreplay/${name}.rr`, drives },
    ...{ cwd: guests, console: 'terminal' },
  });
  for (const step of stepsIn(recipe)) await steps.perform(step);
  assert.ok(steps.checks >= 2, 'the recipe describes what one sees');
  assert.equal(await dap.leave(), 0);
}

/** The numbered steps for VS Code. */
function stepsIn(recipe: string): string[] {
  const [, part] = /\*\*In VS Code\*\*\n([\s\S]*?)\n\*\*In gdb\*\*/.exec(recipe)!;
  return part.split(/^\d+\. /m).slice(1);
}

test('a step that is worded differently is an error, and so is a stop at another line', async (t) => {
  const { guests } = sampleRepository(t);
  const dap = new DapClient(t);
  const steps = new EditorSteps(dap, {
    ...configuration,
    ...{ cwd: guests, drives: [], rrfile: path.join(guests, 'a.rr'), stopOnEntry: true },
  });
  await assert.rejects(steps.perform('Look around.'), /no sentence of this step is known/);
  await steps.perform('Record `small/hello.elf`.');
  await assert.rejects(steps.perform('Execution stops in `main`, at line 1 of `hello.c`.'), assert.AssertionError);
});
