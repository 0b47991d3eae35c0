import * as engine from '../engine/index.ts';
import { overlayDamaged } from '../engine/errors/overlays.ts';
import { inert, jsonLine } from '../engine/errors/shown.ts';
import { nodeHost } from '../host/nodeHost.ts';
import { consoleOutput } from './outputs.ts';
import { dumpRecording } from './dump.ts';
import type { FileCommand } from './fileOptions.ts';
import { driveText, infoText, mapJson, mapText, snapshotsJson, snapshotsText } from './fileTexts.ts';

/** Executes one of the commands for files and prints its result. */
export function runFileCommand(command: FileCommand, version: string): number {
  if (command.kind === 'dump') return dumpRecording(command);
  const { json, text } = execute(command, version);
  consoleOutput.print(command.json ? jsonLine(json) + '\n' : text);
  return 0;
}

interface Answer {
  json: unknown;
  text: string;
}

function execute(command: Exclude<FileCommand, { kind: 'dump' }>, version: string): Answer {
  const host = engine.allowing(nodeHost, command.allow ?? []);
  switch (command.kind) {
    case 'overlay create':
      engine.createOverlay(host, command.overlay, command.base, command);
      return done(`${command.overlay} is an empty overlay over ${command.base.path}`);
    case 'overlay info': {
      const info = engine.overlayInfo(host, command.overlay);
      return { json: { ...info, snapshots: snapshotsJson(info.snapshots) }, text: infoText(command.overlay, info) };
    }
    case 'overlay map': {
      const map = engine.overlayMap(host, command.overlay);
      return { json: mapJson(map), text: mapText(map) };
    }
    case 'overlay check':
      return check(host, command);
    case 'overlay commit':
      engine.commitOverlay(host, command.overlay, command);
      return done(`${command.overlay} is committed into its base, and empty`);
    case 'overlay discard':
      engine.discardOverlay(host, command.overlay, command);
      return done(`${command.overlay} is empty`);
    case 'overlay rebase':
      engine.rebaseOverlay(host, command.overlay, command.base, command);
      return done(`${command.overlay} stands on ${command.base.path}`);
    case 'snapshot list': {
      const snapshots = engine.keptSnapshots(host, command.file);
      return { json: snapshotsJson(snapshots), text: snapshotsText(snapshots) };
    }
    case 'snapshot apply':
      engine.applyKept(host, command.file, command.name, command);
      return done(`${command.file} shows the disk of "${command.name}"`);
    case 'snapshot rename':
      engine.renameKept(host, command.file, command.name, command.newName, command);
      return done(`"${command.name}" is called "${command.newName}"`);
    case 'snapshot delete':
      engine.deleteKept(host, command.file, command.name, command);
      return done(`"${command.name}" is deleted`);
    case 'identify': {
      const { kind, inUse } = engine.identifyFile(host, command.file);
      const what = kind === null ? 'no file of blkreplay' : `${KINDS[kind]} of blkreplay`;
      return {
        json: { path: command.file, kind, inUse },
        text: `${command.file} is ${what}.\n${inUse ?? ''}`.trim() + '\n',
      };
    }
    case 'pack': {
      const files = engine.packRecording(host, { ...command, version });
      const list = files.map(({ path, name }) => `  ${name}: ${inert(path)}\n`).join('');
      return { json: { files }, text: `${inert(command.into)} holds\n${list}` };
    }
    case 'unpack': {
      const unpacked = engine.unpackRecording(host, command);
      const drives = unpacked.drives.map((drive) => ` \\\n  --drive ${driveText(drive)}`).join('');
      return {
        json: unpacked,
        text: `Replay it with\n  blkreplay replay --rrfile ${inert(unpacked.rrfile)}${drives}\n`,
      };
    }
  }
}

const KINDS = { recording: 'a recording', overlay: 'an overlay', state: 'a state image', pack: 'a packed recording' };

/** Damage found by the check counts as bad input; all other results exit with status 0. */
function check(host: engine.Host, { overlay, repair }: { overlay: string; repair: boolean }): Answer {
  const found = engine.checkOverlay(host, overlay, { repair });
  const { corruptions, leaks, repaired } = found;
  if (corruptions.length > 0) throw overlayDamaged(overlay, { corruptions: corruptions.length, first: corruptions[0] });
  const left = leaks > 0 ? `, with ${counted(leaks, 'leaked cluster')}, which --repair frees` : '';
  const mended = [
    ...(repaired?.corruptions ? [counted(repaired.corruptions, 'error')] : []),
    ...(repaired?.leaks ? [counted(repaired.leaks, 'leaked cluster')] : []),
  ];
  const text =
    `${inert(overlay)} is sound${left}.\n` + (mended.length > 0 ? `Repaired: ${mended.join(' and ')}.\n` : '');
  return { json: found, text };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const done = (what: string): Answer => ({ json: { done: true }, text: `${inert(what)}.\n` });
