// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package report

import (
	"image/color"
	"io"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Colours that also those who do not see red and green alike tell apart (Okabe
// and Ito, "Color universal design", 2008).
var colours = []color.Color{
	color.RGBA{0x00, 0x72, 0xB2, 0xFF}, color.RGBA{0xD5, 0x5E, 0x00, 0xFF}, color.RGBA{0x00, 0x9E, 0x73, 0xFF},
	color.RGBA{0xCC, 0x79, 0xA7, 0xFF}, color.RGBA{0xE6, 0x9F, 0x00, 0xFF}, color.RGBA{0x56, 0xB4, 0xE9, 0xFF}, color.Black,
}

var glyphs = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.RingGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.CrossGlyph{}}

// SVG draws the curve. The same figures give the same bytes.
func (c *Curve) SVG(w io.Writer) error {
	p := plot.New()
	for _, style := range []*text.Style{&p.Title.TextStyle, &p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle} {
		style.Font.Variant = "Sans"
	}
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.Title, c.X, c.Y
	p.Title.Padding, p.X.Padding, p.Y.Padding = vg.Points(8), vg.Points(6), vg.Points(6)
	p.Title.TextStyle.Font.Size, p.Legend.TextStyle.Font.Size = vg.Points(12), vg.Points(10)
	p.X.Tick.Marker = c.measured()
	if c.LogX {
		p.X.Scale = plot.LogScale{}
	}
	if c.LogY {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, powers{}
	} else {
		p.Y.Min = 0
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = color.Gray{0xDD}, color.Gray{0xEE}
	p.Add(grid)
	p.Legend.Top, p.Legend.Left, p.Legend.Padding = true, true, vg.Points(2)
	for i, l := range c.Lines {
		points := make(plotter.XYs, len(l.Points))
		for j, at := range l.Points {
			points[j] = plotter.XY{X: at.X, Y: at.Y.Median}
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return err
		}
		line.Color, line.Width = colours[i%len(colours)], vg.Points(1.5)
		dots.Color, dots.Shape, dots.Radius = line.Color, glyphs[i%len(glyphs)], vg.Points(2.5)
		p.Add(line, dots)
		p.Legend.Add(l.Engine, line, dots)
	}
	if c.LogY {
		p.Y.Max *= 5 // room for the legend
	}
	picture := vgsvg.New(18*vg.Centimeter, 11*vg.Centimeter)
	p.Draw(draw.Crop(draw.New(picture), 0, -vg.Centimeter, 0, -vg.Points(4))) // room for the last figure on the axis
	_, err := picture.WriteTo(w)
	return err
}

// measured marks the places where something was measured.
func (c *Curve) measured() plot.ConstantTicks {
	var ticks plot.ConstantTicks
	seen := map[float64]bool{}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if !seen[p.X] {
				ticks = append(ticks, plot.Tick{Value: p.X, Label: count(int(p.X))})
				seen[p.X] = true
			}
		}
	}
	return ticks
}

// powers marks 1, 2 and 5 of every power of ten.
type powers struct{}

// Ticks implements plot.Ticker.
func (powers) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for power := 1e-3; power <= high*10; power *= 10 {
		for _, digit := range []float64{1, 2, 5} {
			if v := power * digit; v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', -1, 64)})
			}
		}
	}
	return ticks
}
