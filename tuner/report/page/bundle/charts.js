// What the page takes of ECharts and d3-contour, as one global object.
import { BarChart, BoxplotChart, CustomChart, LineChart, ParallelChart, ScatterChart } from 'echarts/charts';
import {
  AriaComponent,
  BrushComponent,
  DataZoomInsideComponent,
  GraphicComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  ParallelComponent,
  TitleComponent,
  TooltipComponent,
  VisualMapContinuousComponent,
} from 'echarts/components';
import { init, use } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { contours } from 'd3-contour';

use([
  AriaComponent, BarChart, BoxplotChart, BrushComponent, CanvasRenderer, CustomChart, DataZoomInsideComponent,
  GraphicComponent, GridComponent, LegendComponent, LineChart, MarkAreaComponent, MarkLineComponent, ParallelChart,
  ParallelComponent, ScatterChart, TitleComponent, TooltipComponent, VisualMapContinuousComponent,
]);

globalThis.tunerCharts = { contours, init };
