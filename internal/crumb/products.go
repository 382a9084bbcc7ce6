package crumb

import (
	"encoding/json"
	"math"
	"math/rand/v2"
)

// Stores are the keys of catalog.store.
var Stores = []string{"mitte", "nord", "sued", "ost", "west"}

// places are the columns latitude and longitude of examples/daily-crumb/stores.csv.
var places = map[string][2]float64{
	"mitte": {52.5200, 13.4050},
	"nord":  {52.5560, 13.4130},
	"sued":  {52.4760, 13.4240},
	"ost":   {52.5120, 13.4800},
	"west":  {52.5070, 13.3050},
}

// Product is a row of catalog.bread.
type Product struct {
	SKU, Name, Category string
	Tags                []string
	Price               float64 // EUR
}

// Products are the rows of examples/daily-crumb/products.csv.
var Products = []Product{
	{"country-sourdough", "Country Sourdough", "sourdough", nil, 5.2},
	{"rye-sourdough", "Dark Rye", "sourdough", []string{"vegan"}, 5.6},
	{"spelt-sourdough", "Spelt Sourdough", "sourdough", []string{"vegan"}, 6.1},
	{"walnut-sourdough", "Walnut Sourdough", "sourdough", []string{"vegan", "nuts"}, 6.4},
	{"olive-sourdough", "Olive Loaf", "sourdough", []string{"vegan"}, 6.2},
	{"baguette", "Baguette", "white", []string{"vegan"}, 2.4},
	{"ciabatta", "Ciabatta", "white", []string{"vegan"}, 2.9},
	{"milk-rolls", "Milk Rolls (4)", "white", nil, 3.2},
	{"pretzel", "Pretzel", "white", []string{"vegan"}, 1.2},
	{"buckwheat-loaf", "Buckwheat Loaf", "gluten_free", []string{"gluten_free", "vegan"}, 6.9},
	{"rice-rolls", "Rice Rolls (4)", "gluten_free", []string{"gluten_free", "vegan"}, 4.8},
	{"seed-loaf", "Seed Loaf", "gluten_free", []string{"gluten_free", "vegan", "nut_free"}, 7.2},
	{"croissant", "Croissant", "pastry", nil, 1.9},
	{"pain-au-chocolat", "Pain au Chocolat", "pastry", nil, 2.3},
	{"cinnamon-knot", "Cinnamon Knot", "pastry", nil, 2.6},
	{"almond-crescent", "Almond Crescent", "pastry", []string{"nuts"}, 2.8},
	{"apple-turnover", "Apple Turnover", "pastry", []string{"vegan"}, 2.7},
	{"cheesecake", "Cheesecake (slice)", "cake", nil, 3.9},
	{"carrot-cake", "Carrot Cake (slice)", "cake", []string{"nuts"}, 3.8},
	{"plum-crumble", "Plum Crumble (slice)", "cake", []string{"vegan"}, 3.6},
	{"stollen", "Stollen", "cake", []string{"nuts"}, 14.5},
	{"granola", "House Granola", "pantry", []string{"nuts", "vegan"}, 7.9},
	{"filter-coffee", "Filter Coffee", "drinks", []string{"vegan", "gluten_free"}, 2.5},
	{"flat-white", "Flat White", "drinks", []string{"gluten_free"}, 3.4},
}

func productBySKU(sku string) Product {
	for _, p := range Products {
		if p.SKU == sku {
			return p
		}
	}
	return Product{SKU: sku}
}

// ItemsJSON writes items as the property `items` of an order or a cart.
func ItemsJSON(items []Item) string {
	out := make([]map[string]any, len(items))
	for i, it := range items {
		tags := it.Tags
		if tags == nil {
			tags = []string{}
		}
		out[i] = map[string]any{"sku": it.SKU, "name": it.Name, "category": it.Category, "tags": tags, "price": it.Price, "quantity": it.Quantity}
	}
	body, err := json.Marshal(out)
	if err != nil {
		panic(err) // strings and numbers
	}
	return string(body)
}

func pick(r *rand.Rand, values []string, weights []float64) string {
	return values[weighted(r, weights)]
}

// weighted draws an index with the given weights.
func weighted(r *rand.Rand, weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	x := r.Float64() * sum
	for i, w := range weights {
		if x -= w; x < 0 {
			return i
		}
	}
	return len(weights) - 1
}

// gamma draws from a gamma distribution with scale 1 (Marsaglia and Tsang, 2000;
// for a shape below 1 by their boost).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(r.Float64(), 1/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := math.Pow(1+c*x, 3)
		if v > 0 && math.Log(r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

func beta(r *rand.Rand, a, b float64) float64 {
	x, y := gamma(r, a), gamma(r, b)
	return x / (x + y)
}

var firstNames = []string{
	"Ada", "Amir", "Anna", "Anton", "Aylin", "Bea", "Ben", "Carla", "Cem", "Clara", "Daniel", "Dora", "Elias", "Elif", "Emil", "Emma",
	"Farid", "Felix", "Finn", "Frieda", "Greta", "Hanna", "Hugo", "Ida", "Ines", "Ivan", "Jakob", "Jana", "Jonas", "Jule", "Karim", "Katja",
	"Lara", "Lena", "Leo", "Lina", "Linus", "Lotte", "Luca", "Maja", "Marie", "Mats", "Max", "Mila", "Mina", "Moritz", "Nadia", "Nils",
	"Nora", "Oskar", "Paul", "Paula", "Pia", "Rosa", "Ruth", "Samir", "Sara", "Selma", "Sofia", "Theo", "Tom", "Vera", "Yara", "Zoe",
}

var lastNames = []string{
	"Adler", "Bach", "Berg", "Brandt", "Busch", "Demir", "Engel", "Falk", "Fuchs", "Graf", "Haas", "Hahn", "Jung", "Kaya", "Keller", "Kern",
	"Kraus", "Lang", "Linde", "Lorenz", "Marx", "Nowak", "Otto", "Pohl", "Rau", "Roth", "Sauer", "Seidel", "Stern", "Thoma", "Vogt", "Winter",
}
