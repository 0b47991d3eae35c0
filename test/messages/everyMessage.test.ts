/** Every message about a problem is triggered by a row, or is listed here with the reason why no row triggers it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bootRows } from './every/bootRows.ts';
import { breakpointRows } from './every/breakpointRows.ts';
import { cliRows } from './every/cliRows.ts';
import { extensionRows } from './every/extensionRows.ts';
import { expressionRows } from './every/expressionRows.ts';
import { driveRows, fileRows } from './every/fileRows.ts';
import { hostRows } from './every/hostRows.ts';
import { imageRows } from './every/imageRows.ts';
import { messageFunctions } from './every/inventory.ts';
import { overlaysRows } from './every/overlaysRows.ts';
import { recordingRows } from './every/recordingRows.ts';
import { requestRows } from './every/requestRows.ts';
import { keyOf } from './every/rows.ts';
import { sessionRows } from './every/sessionRows.ts';
import { gdbRows, symbolRows } from './every/symbolRows.ts';

const ROWS = [
  ...[
    bootRows,
    breakpointRows,
    cliRows,
    driveRows,
    expressionRows,
    extensionRows,
    fileRows,
    gdbRows,
    hostRows,
    imageRows,
  ],
  ...[overlaysRows, recordingRows, requestRows, sessionRows, symbolRows],
].flat();

/** Messages that no test can trigger through a front end, with the reasons. */
const UNPROVOKED: Readonly<Record<string, string>> = {
  'dap/ownMistake': 'only a bug in blkreplay causes it',
  'commandOutput/ownMistakeText': 'only a bug in blkreplay causes it',
  'block/snapshotMissing': 'front ends look up the name in the list of snapshots first (snapshots/snapshotUnknown)',
  'block/snapshotNameBad': 'front ends check the name first (snapshots/snapshotNameUnusable)',
  'block/snapshotTooMany':
    'this requires an image with 65,536 snapshots that share clusters and have valid reference counts',
  'block/snapshotTableFull': 'the image would need a snapshot table of 64 MiB',
  'recording/recordingEndsHere': 'front ends stop a replay at the last position of the recording',
  'snapshots/snapshotStateTooLarge': 'the guest would need more than 256 MiB of pending disk requests',
};

/** Functions whose strings do not report a problem, or are only parts of messages that do. */
const OTHERS: readonly RegExp[] = [
  // Parts of other messages: kinds of damage and differences, reasons, expected values, names.
  /^(imageDamage|recordingDamage|stateDamage|symbolDamage|expected|differences|inputPorts|logEntries)\//,
  /^block\/(imageLimits\.|listSome)/,
  /^boot\/deviceTreeDamage\./,
  /^cli\/(driveProblems\.|bootOption)/,
  /^dap\/settingMeanings\./,
  /^drives\/(foreignReasons|overlayTexts)\./,
  /^formatters\/formatterFileTexts\./,
  /^host\/(nothingWritten|streamNames\.)/,
  /^outOfMemory\/(machineRam|userErrorOf)/,
  /^overlays\/(packDamage|otherRecordingReasons)\./,
  /^recording\/divergenceCauses\./,
  /^stopPoints\/unclosedBrace/,
  /^symbols\/(expressionParts|valueNames)\./,
  // Results, progress, help, and labels in views.
  /^(usage|traps)\//,
  /^commandOutput\/(?!ownMistakeText)/,
  /^dap\/(stopTexts\.(?!withoutValue)|progressTitles\.|endTexts\.|gdbServerOn|setWhenStopped)/,
  /^formatters\/formatterTexts\./,
  /^gdb\/monitorTexts\.(help|wentTo|noSnapshots)/,
  /^symbols\/valueTexts\./,
  // Titles, prompts, questions, buttons and results in VS Code, and labels in its views.
  /^extension\/.*(Label|Title|Prompt|Button|Question|Detail|Tooltip|Name|NameOffered|Description|ItemText|InputText)$/,
  /^extension\/(configurationNames|remedyButtons|breakpointLabels|stateWords|stateSentences|viewTexts)\./,
  /^extension\/(earlierFilesKept|filesExist|whatHappensToThem|notRestarted|keptBothInstead|chooseKernel|everyDrive)$/,
  /^extension\/(breakpointSet|breakpointsRestored|moreLines|consoleEnded)$/,
  /^extensionStart\/(pageTexts\.(?!notLocal)|unpackTexts\.|buildTaskTexts\.|laterRecording|replayLaterButton)/,
  /^extensionStart\/(linkTexts\.(question|detail|replayButton)|resumeTexts\.(offer|button))$/,
  // Differences from QEMU are tested in test/extension/qemuImport.test.ts. `importFailed` adds a prefix to errors.
  /^qemuImport\/(qemuDifferences\.|importQemu(Title|Prompt|Pick|Type)$|from|atLine|import(ed|Details)|importFailed$)/,
];

const all = messageFunctions().map((one) => ({ key: keyOf(one), ...one }));

test('every message has a row, or is listed as one that nothing can provoke', () => {
  const needed = all.flatMap(({ key, codes }) => (codes.length > 1 ? codes.map((code) => `${key}(${code})`) : [key]));
  const provoked = new Set(ROWS.map(({ message }) => message));
  const missing = needed.filter(
    (key) => !provoked.has(key) && !(key in UNPROVOKED) && !OTHERS.some((pattern) => pattern.test(key)),
  );
  assert.deepEqual(missing, [], 'add a row to a file in test/messages/every');
  assert.ok(all.filter(({ codes }) => codes.length > 0).length > 200, 'the messages were found');
});

test('each message has one row, and none is listed twice', () => {
  const messages = ROWS.map(({ message }) => message);
  assert.deepEqual(
    messages.filter((message, i) => messages.indexOf(message) !== i),
    [],
  );
  assert.deepEqual(
    messages.filter((message) => message in UNPROVOKED),
    [],
  );
  const known = new Set(all.map(({ key }) => key));
  assert.deepEqual(
    Object.keys(UNPROVOKED).filter((key) => !known.has(key)),
    [],
    'the listed messages exist',
  );
  assert.deepEqual(
    messages.filter((message) => !known.has(message.replace(/\(.*/, ''))),
    [],
  );
});

test('the functions listed as not reporting a problem do not create errors', () => {
  const excluded = all.filter(({ key, codes }) => codes.length > 0 && OTHERS.some((pattern) => pattern.test(key)));
  assert.deepEqual(
    excluded.map(({ key }) => key),
    [],
  );
});
