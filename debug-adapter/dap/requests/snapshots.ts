import type { Arguments } from '../arguments.ts';
import type { Overview, SnapshotOverview } from '../customProtocol.ts';
import type { Debuggee } from '../debuggee.ts';
import { positionEventOf } from '../positionEvent.ts';

/** The session's files and snapshots, which the extension shows in its overlays view. */
export function overview(debuggee: Debuggee): Overview {
  const { target: timeline } = debuggee.session;
  const { rrfile, stateFile, drives } = timeline.files();
  const place = positionEventOf(debuggee, debuggee.control.isRunning);
  return { place, rrfile, drives, stateFile, snapshots: timeline.snapshots().map(toOverview) };
}

export function takeSnapshot({ session }: Debuggee, args: Arguments): object {
  session.target.takeSnapshot(args.text('name'));
  return {};
}

export function renameSnapshot({ session }: Debuggee, args: Arguments): object {
  session.target.renameSnapshot(args.text('name'), args.text('newName'));
  return {};
}

export function deleteSnapshot({ session }: Debuggee, args: Arguments): object {
  session.target.deleteSnapshot(args.text('name'));
  return {};
}

type Snapshot = ReturnType<Debuggee['session']['target']['snapshots']>[number];

function toOverview({ name, position, dateMilliseconds, isAutomatic, stateBytes }: Snapshot): SnapshotOverview {
  return { name, position, date: new Date(dateMilliseconds).toISOString(), isAutomatic, stateBytes };
}
