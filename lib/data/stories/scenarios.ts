import { table } from "./words.ts";
import type { WordList } from "./grammar.ts";

/**
 * The heart of each plot: rows whose fields fit together, so that what happens later follows from what was said before.
 * They are templates and may name the slots of the plot that uses them.
 */
export const scenarioLists: Record<string, WordList> = {
  fear: table(
    "of because advice step truth",
    `the dark; the shadows on the wall looked like monsters; The dark is only the day taking a rest; turned off the lamp and counted to ten; the monsters were only {hero.his} coat and {hero.his} chair
     the big dog next door; it barked so loudly; Let it smell your hand first; held out {hero.his} hand; the dog only wanted to lick {hero.his} fingers
     thunder; it sounded like a giant walking on the roof; Count the seconds until you hear it; stood at the window and counted; the storm was moving away and the flashes were beautiful
     the deep water; {hero.he} could not see the bottom; Hold my hand and kick with your feet; put one foot in and then the other; the water carried {hero.him} like a soft bed
     the high slide; the ladder had so many steps; Look up, not down; climbed one step after another; sliding down felt like flying
     the first day of school; {hero.he} did not know anybody there; Everyone is new on the first day; opened the door and said hello; another child was just as nervous
     spiders; they had so many legs; Spiders are more afraid of you; looked at a small spider through a glass; it was making a web as fine as lace
     the dentist; there were so many strange tools; It will be over before you finish a song; sat in the big chair and opened {hero.his} mouth; it only tickled a little
     singing in front of people; everybody would look at {hero.him}; Find one friendly face and sing to it; walked onto the stage and took a breath; people were smiling and clapping
     the cellar; it was cold and it smelled strange; Take the lamp and look in every corner; walked down the stairs with the lamp; there was nothing there but apples and old jars
     the rooster; it flapped its wings at everyone; Walk slowly and do not wave your arms; walked past it with a piece of bread; the rooster ate the bread and walked along behind {hero.him}
     sleeping away from home; everything there was different; Take something along that smells of home; put {hero.his} own pillow on the strange bed; the stars in the window were the same stars
     getting a haircut; the scissors made a sharp sound; Hair does not feel a thing; sat very still on the tall chair; the hair fell like feathers and did not hurt
     the old bridge; it moved with every step; It has carried carts and horses for a hundred years; put one foot on the boards; the bridge only creaked the way an old man hums
     the owl in the yard; its eyes were yellow and huge; It is calling its own children; stayed at the window and listened; a small owl answered from the other tree
     fire drills; the bell was so sudden; The bell is loud because it cares about you; covered {hero.his} ears and walked out in the line; it was over in a minute and the sun was shining outside`,
  ),
  skill: table(
    "to trying fail tip success",
    `ride a bike; climbed onto the bike; the bike tipped over and {hero} landed in the grass; Look ahead and keep your feet moving; rode all the way around the park
     swim; jumped into the pool; {hero.his} legs sank and {hero.he} swallowed water; Move your legs like a frog; swam from one side to the other
     tie {hero.his} shoes; made a loop with the string; the knot fell apart; Make two rabbit ears and cross them; tied both shoes with neat bows
     whistle; pushed {hero.his} lips together and blew; only air came out; Wet your lips and make a tiny hole; whistled a whole tune
     skate; stepped onto the ice; {hero.his} feet went in two directions; Bend your knees a little; glided across the pond like a swan
     play the piano; pressed the white keys; it sounded like rain on a tin roof; Play it slowly first, one hand at a time; played the song without one mistake
     bake bread; mixed flour and water; the dough was as hard as a rock; Give the dough time to rest; pulled a round golden loaf out of the oven
     write {hero.his} name; took a pencil and a sheet of paper; the letters looked in the wrong direction; Draw each letter big in the sand first; wrote {hero.his} name at the top of the page
     jump rope; swung the rope over {hero.his} head; it caught on {hero.his} toes; Listen to the rope and jump when it taps the ground; jumped twenty times in a row
     catch a ball; held out {hero.his} arms; the ball bounced off {hero.his} chest; Keep your eyes on the ball until it is in your hands; caught it with one hand
     fly a kite; ran across the field with the kite; it dived into the mud; Wait until the wind pulls, then let out the string; held the kite so high that it looked like a bird
     read; opened the thick book; the letters danced before {hero.his} eyes; Put your finger under one word at a time; read a whole page aloud
     juggle; threw three oranges into the air; all three rolled under the table; Begin with one, then two, and throw them to the height of your eyes; kept three oranges in the air
     paint a horse; dipped the brush into the paint; the horse looked like a sausage with legs; Look at a real one for a long time before you start; painted a horse that seemed to breathe
     row a boat; took the heavy oars; the boat turned in circles; Pull both oars at the same moment; rowed straight to the little island
     climb the rope; held on with both hands; {hero.his} arms began to shake; Use your feet as well as your hands; touched the bell at the top
     tell the time; looked at the big clock; the two hands mixed {hero.him} up; The short hand tells the hour, the long one the minutes; could say exactly when lunch would be
     do a cartwheel; put {hero.his} hands on the ground; {hero.he} fell over like a sack; Think of your legs as the spokes of a wheel; turned three cartwheels in a line`,
  ),
  make: table(
    "thing need first then mishap fix done",
    `cake; flour, eggs and sugar; broke the eggs into a bowl; stirred until the dough was smooth; the cake was flat in the middle; filled the hole with strawberries; it tasted better than any cake before
     kite; paper, string and two thin sticks; tied the sticks into a cross; glued the paper over them; the paper got a long tear; put {a #color} patch on it; it rose high above the roofs
     birdhouse; wood, nails and a small hammer; measured the boards; nailed the walls together; the roof was too short; made a new roof from a piece of bark; {a #bird} moved in that very week
     sandcastle; a bucket, a spade and some shells; dug a wide ditch; built four round towers; a wave washed one tower away; built a strong wall of stones in front; the castle stood until the evening
     card; paper, crayons and glue; folded the paper in the middle; drew a big heart on it; the red crayon broke; used both halves to draw {#flower} too; it was the nicest card on the table
     boat; bark, a stick and a leaf; cut the bark into shape; put the stick in for a mast; the boat tipped to one side; tied a small stone under it; it sailed across the whole pond
     garden; seeds, a rake and a watering can; dug small holes in a row; dropped a seed into every hole; the birds picked at the seeds; built a funny scarecrow; green tips came out of the earth
     drum; an old pot, cloth and string; pulled the cloth over the pot; tied it with string; the cloth was too loose and made no sound; wet it and let it dry in the sun; it boomed like a little thunder
     snowman; snow, a carrot and some coal; rolled a very large ball; put a smaller ball on top; the head rolled down the hill; made a new head and used a branch to hold it; the snowman smiled at everybody who came by
     soup; carrots, potatoes and a big pot; washed the carrots; cut the potatoes into cubes; the soup tasted of nothing at all; added salt and herbs; everyone asked for a second bowl
     tree house; planks, ropes and nails; carried the planks to the {#tree} tree; pulled them up with a rope; one plank was too long; sawed off the end; they ate their lunch high among the leaves
     puppet; a sock, buttons and wool; sewed on two buttons for eyes; added wool for hair; one eye fell off; chose a bigger button; the puppet told jokes to the whole family
     blanket; wool, needles and a lot of time; knitted {#number} rows in {#color}; changed to {#color} wool; a row came undone; asked for help and knitted it again; it was soft and warm all winter
     necklace; beads, shells and a thread; sorted the beads by color; put them on the thread; the thread broke and the beads rolled everywhere; took a stronger thread; it shone in the sunlight
     fort; pillows, chairs and a sheet; pushed the chairs together; hung the sheet over them; the roof fell down; held it up with a broom; there was room for two and a flashlight
     robot costume; boxes, foil and paint; cut holes for the arms; covered the boxes with foil; {hero} could not sit down in it; cut the box shorter; everyone wanted to shake hands with the robot
     lantern; paper, wire and a candle; bent the wire into a ring; folded the paper around it; the paper was too thick and let no light through; used thin {#color} paper; it glowed like a small moon
     pizza; dough, tomatoes and cheese; rolled the dough; spread the tomatoes on it; the edge got a little black; cut the edge off; nothing was left on the plates`,
  ),
  rescue: table(
    "who trouble sound idea act thanks",
    `kitten; stuck high in a tree; meowed; We need the long ladder; leaned the ladder against the tree and climbed up slowly; purred and rubbed its head on {hero.his} arm
     bird; lying in the grass with a hurt wing; chirped; We need a soft box; put the bird in a box with warm cloth and gave it water; sang at the window every morning after that
     turtle; lying on its back in the sun; wiggled its legs; We only have to turn it over; turned it over and carried it to the shade; stretched its neck as if to bow
     puppy; lost in the rain; whined; Its name is on the collar; read the collar and knocked on the right door; jumped up and licked {hero.his} nose
     lamb; caught in the thorns; bleated; We need gloves; put on gloves and bent the branches apart; ran three times around {hero.him} before it went home
     duckling; trapped in a ditch; peeped; A board could be a bridge; laid a board into the ditch; waddled up the board and back to its mother
     fish; left in a small pool when the water went down; splashed; We need a bucket; filled a bucket and carried the fish to the river; swam one circle before it dived
     hedgehog; tangled in a net; snuffled; Scissors will help; cut the net thread by thread; left a red apple at the door the next day
     bee; too tired to fly; hummed weakly; Sugar and water make bees strong; gave it sugar water on a spoon; buzzed around the {#flower} again
     calf; stuck in the mud; mooed; A rope is what we need; tied a rope around it and pulled with all their strength; licked everybody with its rough tongue
     snail; crossing the busy road; said nothing at all; A leaf can carry it; lifted it on a big leaf and walked across; put out its horns and looked around
     foal; alone in the far field; neighed; Its mother must be in the stable; walked in front of it with a bundle of hay; pressed its soft nose against {hero.his} cheek
     squirrel; shut in the shed; scratched at the door; Someone closed it by mistake; pushed the heavy bolt aside; dropped a nut at {hero.his} feet
     seal; tied up in an old fishing line; barked; Let me ask a sailor for a knife; held it still while the line was cut; waved a flipper from the waves`,
  ),
  mistake: table(
    "broke how hid repair",
    `broke the blue vase; {hero.he} was playing ball in the house; pushed the pieces under the carpet; glued the vase together, piece by piece
     spilled paint on the carpet; {hero.he} ran with an open can; put a chair over the spot; scrubbed the carpet with soap and hot water
     ate the cookies for the party; they smelled so good; closed the empty jar; baked a new tray of cookies
     tore a page of {elder.his} book; {hero.he} turned the pages too fast; put the book back on the shelf; fixed the page with clear tape
     let the hen out of the yard; {hero.he} forgot to close the gate; pretended to be asleep; found the hen in the neighbor's beans and carried it home
     broke a window; {hero.he} threw a stone to see how far it would fly; ran behind the shed; swept up the glass and saved coins for a new window
     lost the house key; {hero.he} used it to dig for treasure; said nothing at dinner; dug through the sandbox until the key appeared
     stepped on the {#flower}; {hero.he} was chasing a butterfly; bent the stems up again so that no one would notice; planted new ones in a neat row
     left the tap running; {hero.he} wanted to make a lake for the boats; shut the bathroom door; mopped the floor until it was dry
     cut a hole in the curtain; {hero.he} needed cloth for a cape; pulled the other curtain over it; sewed a star over the hole
     drew on the white wall; the paper was too small for such a long dragon; moved a plant in front of it; painted the wall white again with a wide roller
     broke {elder.his} glasses; {hero.he} sat down without looking; laid them back in their case; carried them to the shop and paid with {hero.his} own coins
     forgot to feed the rabbit; {hero.he} played all day at the river; told everyone that it was not hungry; cleaned the cage and brought fresh carrots
     took {a #toy} from school; {hero.he} liked it so much; kept it in {hero.his} bag under a sweater; gave it back in front of the whole class
     let the soup burn; {hero.he} was reading an exciting book; opened the window and hid the pot; peeled carrots and cooked a new soup`,
  ),
  weather: table(
    "plan came sign fun",
    `have a picnic on the hill; rain; big drops began to fall; spread the blanket under the table and ate their picnic there
     go to the swimming pool; a storm; black clouds covered the sun; filled the bathtub and sailed paper boats in it
     play ball; heavy snow; the first flakes danced in the air; built a snow fort and drank hot chocolate
     ride their bikes; thick fog; even the gate could not be seen; played explorers who had to find the way by sound
     plant beans; strong wind; hats flew over the fence; made kites from newspaper and let them climb
     fly the kite; no wind at all; not one leaf was moving; lay on their backs and looked for animals in the clouds
     skate on the pond; warm sunshine; the ice was already water; threw stones into the pond and counted the rings
     build a snowman; a sudden thaw; the snow was turning into puddles; jumped from one puddle to the next in rubber boots
     work in the garden; great heat; the air trembled above the road; ran through the cold water of the sprinkler
     visit the fair; hail; little balls of ice jumped on the roof; built a fair of their own in the living room
     look at the stars; clouds; not one star could be seen; cut stars out of paper and hung them from the ceiling
     walk to the village; a flood; the stream was over the path; watched the ducks swim where the road had been
     camp in the yard; cold rain; the tent began to drip; put up the tent in the kitchen and told stories by flashlight
     collect leaves; frost; every leaf had a white edge; breathed on the windows and drew pictures on the glass`,
  ),
  trip: table(
    "place saw1 saw2 best",
    `zoo; a lion with a golden mane; monkeys that swung on ropes; feeding the giraffe with its long blue tongue
     beach; a crab that walked sideways; a ship far out on the sea; finding a shell that sang like the waves
     farm; a cow with her new calf; piglets that slept in a pile; riding on the tractor
     museum; the bones of a dinosaur; a ship made of glass; a room where the walls were covered with stars
     market; mountains of oranges; a man who sold live fish; a woman who gave them warm chestnuts
     library; shelves that went up to the ceiling; a globe as tall as a man; a soft corner where somebody read aloud
     circus; a clown with enormous shoes; horses with feathers on their heads; the woman who walked on a rope
     airport; planes as long as the street; suitcases of every color; waving at a pilot who waved back
     lighthouse; a lamp as big as a car; gulls that floated on the wind; looking down from the very top
     bakery; a hot oven; loaves in the shape of animals; eating the first roll while it was warm
     train station; a black engine under a cloud of steam; people with flowers in their hands; blowing the conductor's whistle
     mountain; a goat on a steep rock; a waterfall; standing in a cloud
     aquarium; a shark behind thick glass; jellyfish like little umbrellas; touching a starfish
     fire station; a shining red engine; boots that stood ready in a row; sliding down the pole
     castle; rusty armor; a staircase that went around and around; shouting in the hall and hearing the echo
     mill; a wheel that turned in the stream; sacks full of flour; seeing grain become bread`,
  ),
  hero_thing: table(
    "thing name wish weak crisis act",
    `boat; Wavy; sail across the lake; the other boats were bigger and faster; a child fell into the shallow water where no big ship could go; sailed into the shallow water and let the child hold on
     train; Puff; climb the steep mountain; the big engines pulled a hundred wagons; snow covered the tracks and the big engines were too heavy; rolled over the snow with a wagon full of medicine
     candle; Flicker; shine for someone; the lamps were so much brighter; the lights went out in the whole house; gave its little light until the storm was over
     cup; Tilly; be used at the big table; it had a crack in its handle; a single rose needed a vase that was just the right size; held the rose on the window sill for everybody to see
     cloud; Drift; make rain; the gray clouds laughed at its size; one small garden was dry; rained all that it had on the thirsty {#flower}
     broom; Swish; dance; the vacuum cleaner was modern and loud; the power failed just before the party; swept every room in time and danced through the hall
     key; Clink; open a great door; the golden keys were so shiny; the door to the garden was stuck and no golden key would fit; turned in the old lock with a happy click
     pencil; Stubby; write one more story; it had become very short; a little {#animal.child} wanted to draw but {#animal.child}s have small paws; was exactly as long as a small paw
     star; Twinkle; be seen; the other stars were larger; a sailor lost the way in the fog; shone through the one hole in the fog
     bus; Honk; take the children to the sea; it was old and rusty; the new bus broke down on the hill; carried all the children to the sea before noon
     clock; Ticker; be right once more; it was always five minutes late; everybody missed the boat because the fine clock had stopped; kept ticking and told them when the next boat would leave
     umbrella; Dot; see the rain; it had been in the corner since spring; a sudden shower began on the way to school; opened wide and kept two children dry
     tractor; Rumble; win a race; cars went past it on the road; a fast car slid into the ditch; pulled the car out with its strong wheels
     bell; Ding; ring in the tower; the tower bell was a hundred times heavier; a sheep was lost in the fog; rang from the shepherd's hand until the sheep came
     teapot; Steamy; travel; it never left the kitchen shelf; the family forgot the kettle on the camping trip; boiled water over the fire and saw the mountains`,
  ),
  contest: table(
    "name boast work lesson",
    `race to the old mill; Nobody is as fast as I am; went on with steady steps and never stopped; steady feet win long races
     singing contest; My voice is the finest in the land; practised every evening by the stream; practice is stronger than talk
     swimming race; I could win this while I sleep; kept an even stroke from the first moment; a race is not over before the end
     building contest; Mine will be the tallest house of all; used strong beams and tested every one; strong is better than tall
     jumping game; I can jump over anything; looked for the best place to jump; it is wise to look first
     berry hunt; I will find a mountain of berries; looked under every leaf; those who look closely find more
     sled race; I do not even need to steer; steered around every stone; speed needs care
     riddle game; I know every answer already; listened to each riddle until the last word; good ears make good answers
     cooking contest; I never taste my own food because it is always perfect; tasted the soup again and again; good work likes a second look`,
  ),
  magic: table(
    "thing where wish harm undo",
    `magic stone; in the shallow stream; a thousand cakes; the cakes filled the whole house and no one could move; gave the cakes to every child in the street
     golden feather; under {a #tree} tree; the power to fly; {hero.he} flew so high that {hero.he} could not hear {hero.his} mother call; came down and flew only as high as the roof
     silver key; in an old jar; a castle; the castle had a hundred rooms and not one friend; opened the castle gates to everyone
     tiny bottle; between two rocks on the beach; to be as big as a tree; {hero.he} could not fit through {hero.his} own door; wished to be small again and laughed
     glowing seed; in the pocket of an old coat; a plant that never stopped growing; the vine covered the windows and the road; shared the beans with {#number} families until none were left
     purple pencil; on the floor of the bus; everything {hero.he} drew to be real; the drawn lion wanted to eat the drawn sheep; drew a fence and a big bowl of food
     old lamp; in the attic; snow in summer; the birds were cold and the {#flower} closed; asked for sunshine again
     blue whistle; in the hollow of a tree; all animals to come; elephants stood in the street and frogs in the kitchen; blew it backward and thanked each animal
     bright coin; at the bottom of the well; a pile of gold; people quarreled over it from morning to night; threw the gold back into the well
     enchanted mirror; behind the curtain at grandma's house; a twin who did all the work; the twin also ate the dinner and got the goodnight kiss; did the work alone and the twin smiled and vanished
     moon button; on the path after the rain; a day that would never end; nobody could sleep and the babies cried; asked for the night to come back`,
  ),
  gift: table(
    "thing how tasted",
    `scarf; knitted it from {#color} wool; {^elder.he} wore it even in summer
     picture; painted the whole family with {#color} paint; {^elder.he} hung it above the table
     song; wrote {#number} verses; {^elder.he} hummed it all day
     breakfast; toasted bread and picked {#flower}; {^elder.he} ate every crumb
     box for letters; cut it out of thin wood; {^elder.he} kept the dearest letters in it
     photo book; collected old photos and glued them in; {^elder.he} turned the pages very slowly
     flower pot; shaped it from wet clay; {^elder.he} planted {#flower} in it
     bookmark; pressed a leaf and put it between clear paper; {^elder.he} used it in every book
     pillow; sewed it by hand and filled it with soft wool; {^elder.he} slept on it that very night
     play; practised with the neighbors' children in the shed; {^elder.he} laughed until the tears came`,
  ),
  seed: table(
    "plant fruit helper",
    `sunflower; a yellow head as big as a plate; bees
     pumpkin; a pumpkin that two men had to carry; worms
     apple tree; one red apple; birds
     bean plant; long green beans; hoverflies
     tomato plant; round tomatoes; ladybugs
     strawberry plant; sweet red strawberries; bumblebees
     cherry tree; white blossoms like snow; starlings
     watermelon; a striped melon; warm rain
     rose bush; one dark rose; earthworms
     corn; tall stalks with golden ears; the wind`,
  ),
};
