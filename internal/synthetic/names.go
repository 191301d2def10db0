// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package synthetic

import "strings"

// Common names, combined at random: whoever bears such a combination is not meant.
var (
	givenNames = strings.Fields(`
		Ada Aisha Alejandro Alma Amara Amir Ana Andre Anh Anika Arjun Asher Aurora Beatriz Ben Bianca Bryce Caleb Camila Carlos Celia Chloe
		Clara Cole Dalia Damian Daniel Dario Deja Diego Dina Elena Eli Elise Emeka Emil Emma Enzo Esme Ezra Farah Felix Fiona Freya Gabriel
		Gia Grace Hana Hannah Hassan Hugo Ian Ibrahim Imani Ines Iris Isaac Ivan Jada Jae Jalen James Jasper Joana Jonah Jude Julia Kai Kamal
		Kara Keisha Kofi Lan Lara Layla Leila Leo Liam Lila Linh Lucas Luz Maeve Malik Marco Maria Mateo Maya Mei Mia Milo Mina Nadia Naomi
		Nia Nico Noah Nora Omar Oscar Otis Owen Paloma Paz Petra Priya Quinn Rafael Rania Ravi Rhea Rosa Ruby Sam Sara Sean Selma Silas Sofia
		Soren Tala Tariq Tess Theo Tia Uma Valeria Vera Victor Wes Willa Xavier Yara Yusuf Zara Zoe`)
	familyNames = strings.Fields(`
		Abbott Acosta Adeyemi Ahmed Alvarez Anders Aquino Archer Baker Banks Barros Bauer Becker Bell Benitez Berg Bianchi Bishop Boateng
		Brandt Brooks Bui Burke Calder Campos Cardoso Castillo Chan Chavez Chen Clarke Cohen Collins Cortez Costa Cruz Dang Das Delgado
		Diaz Dixon Dolan Doyle Duarte Ellis Eriksen Farrell Fields Fischer Flores Fong Foster Franco Fuentes Garcia Ghosh Gomez Grant Greene
		Gupta Haddad Hale Hansen Harper Hayes Hussein Ivanov Jensen Jimenez Joshi Kane Kaplan Keller Khan Kim Klein Kowalski Kumar Lam Larsen Le
		Lee Lopez Lowe Lund Mahoney Malik Marsh Mbeki Medina Mendez Meyer Mills Molina Moran Moreau Murphy Nash Navarro Nguyen Novak Nunez
		O'Brien O'Neal Okafor Olsen Ortega Osei Owens Park Patel Pereira Petrov Pham Pierce Popov Porter Quinn Ramos Reyes Ricci Rivera Rojas
		Rosen Rossi Santos Sato Schmidt Shah Silva Singh Soto Stone Suzuki Tanaka Tran Vargas Vega Vu Walsh Wang Weber West Wong Wright Xu Yang
		Young Zhang Ziegler`)
)

// The parts of invented places.
var (
	placeBeginnings = strings.Fields(`
		Alder Amber Ash Birch Bram Briar Cedar Clover Cold Copper Crane Dun Elder Elm Fair Fern Fox Glen Gold Green Harrow Haw Hazel Heather
		Hollin Iron Juniper Kings Lark Linden Long Maple Marl Mill Oak Quarry Raven Red Rose Salt Silver Stone Thorn West Wheat Whit Willow Win`)
	placeEndings = strings.Fields("bridge brook bury burg dale field ford gate ham haven hurst lake ley mont mouth port ridge stead ton view ville ward wick wood")
)
