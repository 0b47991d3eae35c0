import { closedRecording, countDeleted, entryName, type RecordingHeader, RecordingReader } from '../engine/index.ts';
import { inert, jsonLine } from '../messages/shown.ts';
import { nodeHost } from '../host/nodeHost.ts';
import { infoLines } from '../messages/commandOutput.ts';

/** `info RRFILE`: describes a recording and the snapshots in its overlays. */
export function showInfo({ rrfile, json }: { rrfile: string; json: boolean }): string {
  const file = nodeHost.files.open(rrfile, { write: false, create: 'never' });
  const reader = new RecordingReader(file, nodeHost.compression);
  try {
    const info = withFiles(rrfile, reader, collect(reader));
    return json ? jsonLine(info) + '\n' : asText(rrfile, info);
  } finally {
    reader.close();
  }
}

interface Info extends RecordingHeader {
  /**
   * False if the recording process was killed before it could complete the file. A replay still reaches
   * `lastPosition`.
   */
  complete: boolean;
  lastPosition: number;
  end: { reason: string; guestExit: number | null } | null;
  entries: Record<string, number>;
  /** All snapshots that were taken. Older automatic snapshots may have been removed from the overlay since then. */
  snapshots: { id?: string; name: string; position: number }[];
}

function collect(reader: RecordingReader): Info {
  const entries: Record<string, number> = {};
  const snapshots: Info['snapshots'] = [];
  for (const entry of reader.entriesFrom(0)) {
    const name = entryName(entry);
    entries[name] = (entries[name] ?? 0) + 1;
    if (entry.kind === 'snapshot') snapshots.push({ name: entry.name, position: entry.position });
  }
  const { complete, lastPosition, end } = reader;
  return {
    ...reader.header,
    complete,
    lastPosition,
    end: end ? { reason: end.reason, guestExit: end.guestExit ?? null } : null,
    entries,
    snapshots,
  };
}

/**
 * Adds to `found` the current contents of the overlays and state file, in the format of the debug adapter's overview.
 */
function withFiles(rrfile: string, reader: RecordingReader, found: Info) {
  const { drives, stateFile, files, snapshots } = closedRecording(nodeHost, rrfile, reader);
  const kept = snapshots?.map(({ dateMilliseconds, ...snapshot }) => {
    return { ...snapshot, date: new Date(dateMilliseconds).toISOString() };
  });
  return {
    ...found,
    rrfile,
    stateFile,
    files,
    drives: found.drives.map((drive, i) => ({ ...drive, ...drives[i] })),
    snapshots: kept ?? found.snapshots,
    /** The number of automatic snapshots that no longer exist. */
    deletedSnapshots: snapshots ? countDeleted(found.snapshots, snapshots) : 0,
  };
}

function asText(rrfile: string, info: ReturnType<typeof withFiles>): string {
  const lines = [
    infoLines.heading(rrfile, info.blkreplayVersion, info.formatVersion),
    infoLines.machine(info.machine),
    ...info.bootFiles.map(infoLines.bootFile),
    infoLines.seed(info.machine.rngSeed),
    ...(info.append ? [infoLines.append(info.append)] : []),
    ...info.drives.map(infoLines.drive),
    ...(info.stateFile ? [infoLines.stateFile(info.stateFile)] : []),
    infoLines.positions(info.lastPosition, info.complete),
    infoLines.end(info.end?.reason),
    infoLines.snapshots(
      info.snapshots.map(({ name }) => name),
      info.deletedSnapshots,
    ),
    infoLines.log(info.entries),
  ];
  return lines.map(inert).join('\n') + '\n';
}
