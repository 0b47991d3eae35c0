/** An imported configuration is added to launch.json without changing the rest of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detailsText, noticeText } from '../../extension/qemuImport/differenceTexts.ts';
import { addConfiguration, newLaunchFile, withInsertions } from '../../extension/qemuImport/launchEdit.ts';

const ADDED = { name: 'new', drives: [{ id: 'hd0' }] };

/** launch.json after the insertion. */
function added(text: string): string | undefined {
  const insertions = addConfiguration(text, ADDED);
  return insertions && withInsertions(text, insertions);
}

test('a configuration is added after the last one, with the indentation of the file', () => {
  const text = '{\n  // mine\n  "version": "0.2.0",\n  "configurations": [\n    { "name": "a" } // keep\n  ]\n}\n';
  assert.equal(
    added(text),
    '{\n  // mine\n  "version": "0.2.0",\n  "configurations": [\n    { "name": "a" }, // keep\n    {\n      "name": "new",\n' +
      '      "drives": [\n        {\n          "id": "hd0"\n        }\n      ]\n    }\n  ]\n}\n',
  );
});

test('a list with a trailing comma has a trailing comma afterwards', () => {
  const text = '{\n\t"configurations": [\n\t\t{ "name": "a" }, // keep\n\t],\n}';
  const result = added(text)!;
  assert.match(result, /\{ "name": "a" \}, \/\/ keep\n\t\t\{\n\t\t\t"name": "new"/);
  assert.match(result, /\n\t\t\},\n\t\],\n\}$/);
});

test('the configuration is added to an empty list, and to a file without a list', () => {
  const configurations = (text: string) => JSON.parse(added(text)!).configurations;
  for (const text of [
    '{ "configurations": [] }',
    '{\n  "configurations": [\n  ]\n}',
    '{}',
    '{\n  "version": "0.2.0"\n}',
  ]) {
    assert.deepEqual(configurations(text), [ADDED], text);
  }
  assert.equal(JSON.parse(added('{\n  "version": "0.2.0"\n}')!).version, '0.2.0');
  assert.deepEqual(JSON.parse(newLaunchFile(ADDED)), { version: '0.2.0', configurations: [ADDED] });
});

test('a file whose brackets do not match, or that is not an object, is not changed', () => {
  for (const text of [
    '',
    '[]',
    '{ "configurations": [',
    '{ "configurations": [ { "name": "a" }',
    '{ "configurations": {} }',
    '{',
  ]) {
    assert.equal(added(text), undefined, text);
  }
});

test('the notice names what differs, and the details list every option once', () => {
  const differences = [
    { option: '-netdev user,id=n', difference: 'No network.' },
    { option: '-device e1000,netdev=n', difference: 'No network.' },
    { option: '-m 8G', difference: 'The machine has 2G.' },
  ];
  assert.equal(noticeText('Record k', []), 'Added the configuration "Record k" to launch.json.');
  assert.match(noticeText('Record k', differences.slice(2)), /launch\.json\. .*-m 8G\. The machine has 2G\.$/);
  assert.match(noticeText('Record k', differences), /3 options .*: -netdev, -device e1000, -m\.$/);
  const details = detailsText('Record k', 'qemu-system-riscv64 -M virt', differences);
  assert.match(details, /- `-netdev user,id=n`\n- `-device e1000,netdev=n`\n\n {2}No network\.\n\n- `-m 8G`/);
});
