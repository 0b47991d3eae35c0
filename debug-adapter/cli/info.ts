import { closedRecording, type RecordingHeader, RecordingReader } from '../engine/index.ts';
import { inert, jsonLine } from '../engine/errors/shown.ts';
import { nodeHost } from '../host/nodeHost.ts';

/** `info RRFILE`: describes a recording, using only the recording itself. */
export function showInfo({ rrfile, json }: { rrfile: string; json: boolean }): string {
  const file = nodeHost.files.open(rrfile, { write: false, create: 'never' });
  const reader = new RecordingReader(file, nodeHost.compression);
  try {
    const found = collect(reader);
    return json ? jsonLine(withFiles(rrfile, reader, found)) + '\n' : inWords(rrfile, found);
  } finally {
    reader.close();
  }
}

interface Info extends RecordingHeader {
  /** False if a kill cut off the recording; a replay still reaches `lastPosition`. */
  complete: boolean;
  lastPosition: number;
  end: { reason: string; guestExit: number | null } | null;
  entries: Record<string, number>;
  /** All snapshots taken; older automatic ones may have been removed from the overlay. */
  snapshots: { name: string; position: number }[];
}

function collect(reader: RecordingReader): Info {
  const entries: Record<string, number> = {};
  const snapshots: Info['snapshots'] = [];
  for (const entry of reader.entriesFrom(0)) {
    entries[entry.kind] = (entries[entry.kind] ?? 0) + 1;
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

/** Adds the current contents of the overlays and state file, in the format of the debug adapter's overview. */
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
  };
}

function inWords(rrfile: string, info: Info): string {
  const { machine } = info;
  const lines = [
    `${rrfile}: recording of blkreplay ${info.blkreplayVersion}, format ${info.formatVersion}`,
    `  machine    ${machine.kind}, ${machine.harts} ${machine.harts === 1 ? 'hart' : 'harts'}, ${machine.memoryBytes >> 20} MiB, ${machine.isa}, ${machine.mmu}${machineExtras(machine)}`,
    ...info.bootFiles.map(
      ({ role, name, lengthBytes, address }) =>
        `  ${role.padEnd(10)} ${name} (${lengthBytes} bytes${address === undefined ? '' : ` at 0x${address.toString(16)}`}, kept inside)`,
    ),
    `  rng-seed   ${machine.rngSeed ?? 'none'}`,
    ...(info.append ? [`  append     ${info.append}`] : []),
    ...info.drives.map(driveLine),
    ...(info.stateFile ? [`  snapshots in ${info.stateFile}`] : []),
    `  positions  0 to ${info.lastPosition}${info.complete ? '' : ' (cut off: not closed properly)'}`,
    `  end        ${info.end ? info.end.reason : 'none recorded'}`,
    `  snapshots  ${info.snapshots.map(({ name }) => name).join(', ') || 'none'}`,
    `  log        ${Object.entries(info.entries)
      .map(([kind, count]) => `${count} ${kind}`)
      .join(', ')}`,
  ];
  return lines.map(inert).join('\n') + '\n';
}

/** Optional features of the machine. */
function machineExtras({ rng, noReboot, semihosting }: RecordingHeader['machine']): string {
  return [rng && ', virtio-rng', noReboot && ', no reboot', semihosting && ', semihosting'].filter(Boolean).join('');
}

function driveLine(drive: RecordingHeader['drives'][number]): string {
  const { id, image, format, overlay, readOnly, lengthBytes, slot, virtio } = drive;
  const how = readOnly ? 'read-only' : overlay ? `overlay ${overlay}` : 'temporary overlay';
  return `  drive      ${id}: ${image} (${format}, ${lengthBytes} bytes), ${how}, slot ${slot}, ${virtio}`;
}
