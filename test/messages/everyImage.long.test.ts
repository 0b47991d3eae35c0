/** If a disk image or overlay cannot be used, the error names the cause, the location and the remedy. */
import { driveRows, fileRows } from './every/fileRows.ts';
import { imageRows } from './every/imageRows.ts';
import { testRows } from './every/rows.ts';

testRows('disk images', imageRows);
testRows('commands for overlays, snapshots and packs', fileRows);
testRows('files of a session', driveRows);
