/** docs/launch-json.md describes exactly the settings in package.json. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { launchReference, REFERENCE } from '../../scripts/docs/launchReference.ts';
import { ROOT } from './documents.ts';

const manifest = readFileSync(path.join(ROOT, 'package.json'), 'utf8');

test('docs/launch-json.md is up to date; if not, run npm run docs:reference', () => {
  assert.equal(readFileSync(REFERENCE, 'utf8'), launchReference(manifest));
});

test('the reference has a section for each setting, with its description, values and default', () => {
  const changed = JSON.parse(manifest);
  const { properties } = changed.contributes.debuggers[0].configurationAttributes.launch;
  properties.speed = {
    type: 'string',
    markdownDescription: 'How fast. More words.',
    enum: ['slow', 'fast'],
    enumDescriptions: ['Slowly.', 'Quickly.'],
    default: 'fast',
  };
  const text = launchReference(JSON.stringify(changed));
  for (const name of Object.keys(properties)) assert.ok(text.includes(`\n## \`${name}\`\n`), name);
  assert.ok(text.includes('| [`speed`](#speed) | How fast. |'));
  assert.ok(text.includes('Type: string. Default: `"fast"`.\n\n- `"slow"`: Slowly.\n- `"fast"`: Quickly.\n'));
});

test('settings of the extension are in the reference', () => {
  const changed = JSON.parse(manifest);
  changed.contributes.configuration = {
    properties: { 'blkreplay.budget': { type: 'integer', minimum: 1, maximum: 9, description: 'A budget.' } },
  };
  const text = launchReference(JSON.stringify(changed));
  assert.ok(text.includes('## `blkreplay.budget`\n\nA budget.\n\nType: integer, 1 to 9.'));
});
