import * as engine from '../engine/index.ts';
import { overlayDamaged } from '../messages/overlays.ts';
import { inert, jsonLine } from '../messages/shown.ts';
import { nodeHost } from '../host/nodeHost.ts';
import { consoleOutput } from './outputs.ts';
import { dumpRecording } from './dump.ts';
import type { FileCommand } from './fileOptions.ts';
import { driveText, infoText, mapJson, mapText, snapshotsJson, snapshotsText } from './fileCommandOutput.ts';
import { checkedText, doneTexts, identifiedText, packedText, unpackedText } from '../messages/commandOutput.ts';

/** Executes a file command and prints its result. */
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
  const host = engine.withAllowedPaths(nodeHost, command.allow ?? []);
  switch (command.kind) {
    case 'overlay create':
      engine.createOverlay(host, command.overlay, command.base, command);
      return done(doneTexts.created(command.overlay, command.base.path));
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
      return done(doneTexts.committed(command.overlay));
    case 'overlay discard':
      engine.discardOverlay(host, command.overlay, command);
      return done(doneTexts.discarded(command.overlay));
    case 'overlay rebase':
      engine.rebaseOverlay(host, command.overlay, command.base, command);
      return done(doneTexts.rebased(command.overlay, command.base.path));
    case 'snapshot list': {
      const snapshots = engine.listStoredSnapshots(host, command.file);
      return { json: snapshotsJson(snapshots), text: snapshotsText(snapshots) };
    }
    case 'snapshot apply':
      engine.applyStoredSnapshot(host, command.file, command.name, command);
      return done(doneTexts.applied(command.file, command.name));
    case 'snapshot rename':
      engine.renameStoredSnapshot(host, command.file, command.name, command.newName, command);
      return done(doneTexts.renamed(command.name, command.newName));
    case 'snapshot delete':
      engine.deleteStoredSnapshot(host, command.file, command.name, command);
      return done(doneTexts.deleted(command.name));
    case 'identify': {
      const { kind, inUse } = engine.identifyFile(host, command.file);
      return { json: { path: command.file, kind, inUse }, text: identifiedText(command.file, kind, inUse) };
    }
    case 'pack': {
      const files = engine.packRecording(host, { ...command, version });
      const listed = files.map(({ path, name }) => ({ name, path: inert(path) }));
      return { json: { files }, text: packedText(inert(command.into), listed) };
    }
    case 'unpack': {
      const unpacked = engine.unpackRecording(host, command);
      return { json: unpacked, text: unpackedText(inert(unpacked.rrfile), unpacked.drives.map(driveText)) };
    }
  }
}

/**
 * Executes `overlay check`. Throws a UserError if the overlay is damaged; the exit status is then the same as for
 * invalid input.
 */
function check(host: engine.Host, { overlay, repair }: { overlay: string; repair: boolean }): Answer {
  const found = engine.checkOverlay(host, overlay, { repair });
  const { corruptions, leaks, repaired } = found;
  if (corruptions.length > 0) throw overlayDamaged(overlay, { corruptions: corruptions.length, first: corruptions[0] });
  const { corruptions: repairedErrors = 0, leaks: repairedLeaks = 0 } = repaired ?? {};
  return { json: found, text: checkedText(inert(overlay), { leaks, repairedErrors, repairedLeaks }) };
}

const done = (what: string): Answer => ({ json: { done: true }, text: `${inert(what)}.\n` });
