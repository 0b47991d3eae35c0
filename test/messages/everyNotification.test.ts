/** Every problem that the extension reports is shown in VS Code with its cause, location and remedy. */
import { extensionRows } from './every/extensionRows.ts';
import { overlaysRows } from './every/overlaysRows.ts';
import { testRows } from './every/rows.ts';

testRows('the extension', extensionRows);
testRows('the Overlays view', overlaysRows);
