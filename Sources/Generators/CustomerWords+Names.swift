extension CustomerWords {
    /// First names of women and men; last names of both, in the same order where they differ.
    struct Names {
        var women: String
        var men: String
        var lastOfWomen: String
        var lastOfMen: String

        init(women: String, men: String, last: String) {
            self.init(women: women, men: men, lastOfWomen: last, lastOfMen: last)
        }

        init(women: String, men: String, lastOfWomen: String, lastOfMen: String) {
            self.women = women
            self.men = men
            self.lastOfWomen = lastOfWomen
            self.lastOfMen = lastOfMen
        }
    }

    /// By language, names parted by commas.
    static let names = [
        "de": Names(
            women: """
                Anna,Julia,Laura,Lena,Lea,Marie,Sophie,Hannah,Emma,Mia,Sarah,Katharina,Sabine,Petra,Monika,Claudia,\
                Susanne,Birgit,Stefanie,Nicole,Christine,Ursula,Renate,Johanna,Clara,Franziska,Ida,Greta
                """,
            men: """
                Lukas,Leon,Finn,Jonas,Paul,Felix,Max,Maximilian,Jan,Tim,Thomas,Michael,Andreas,Stefan,Peter,\
                Wolfgang,Klaus,Jürgen,Martin,Markus,Christian,Daniel,Tobias,Sebastian,Matthias,Florian,Jakob,Emil
                """,
            last: """
                Müller,Schmidt,Schneider,Fischer,Weber,Meyer,Wagner,Becker,Schulz,Hoffmann,Schäfer,Koch,Bauer,\
                Richter,Klein,Wolf,Schröder,Neumann,Schwarz,Zimmermann,Braun,Krüger,Hofmann,Hartmann,Lange,Schmitt,\
                Werner,Krause,Meier,Lehmann,Huber,Mayer,Herrmann,König,Walter,Schulze,Maier,Fuchs,Kaiser,Lang,Weiß,\
                Peters,Scholz,Jung,Möller,Hahn,Keller,Vogel,Schubert,Roth,Frank,Berger,Winkler,Beck,Lorenz,Baumann,\
                Franke,Albrecht,Ludwig,Simon,Böhm,Winter,Kraus,Schumacher,Krämer,Vogt,Stein,Jäger,Otto,Groß
                """),
        "en": Names(
            women: """
                Olivia,Emma,Charlotte,Amelia,Sophia,Isabella,Ava,Mia,Evelyn,Harper,Grace,Emily,Jessica,Sarah,\
                Jennifer,Linda,Patricia,Elizabeth,Susan,Karen,Nancy,Margaret,Lisa,Ashley,Kimberly,Donna,Michelle,\
                Laura
                """,
            men: """
                Liam,Noah,Oliver,James,Elijah,William,Henry,Lucas,Benjamin,Theodore,Jack,George,Harry,Robert,John,\
                Michael,David,Richard,Joseph,Thomas,Charles,Christopher,Daniel,Matthew,Anthony,Mark,Steven,Andrew
                """,
            last: """
                Smith,Johnson,Williams,Brown,Jones,Miller,Davis,Wilson,Anderson,Thomas,Taylor,Moore,Jackson,Martin,\
                Lee,Thompson,White,Harris,Clark,Lewis,Robinson,Walker,Young,Allen,King,Wright,Scott,Hill,Green,\
                Adams,Nelson,Baker,Hall,Campbell,Mitchell,Carter,Roberts,Evans,Turner,Phillips,Parker,Edwards,\
                Collins,Stewart,Morris,Murphy,Cook,Rogers,Morgan,Cooper,Reed,Bailey,Bell,Kelly,Howard,Ward,Cox,\
                Richardson,Wood,Watson,Brooks,Bennett,Gray,Hughes,Price,Myers,Foster,Russell,Hamilton,Graham
                """),
        "fr": Names(
            women: """
                Emma,Jade,Louise,Alice,Chloé,Léa,Manon,Camille,Inès,Sarah,Marie,Nathalie,Isabelle,Sylvie,Catherine,\
                Françoise,Monique,Martine,Céline,Sandrine,Aurélie,Élodie,Juliette,Margaux
                """,
            men: """
                Gabriel,Léo,Raphaël,Louis,Arthur,Jules,Hugo,Lucas,Adam,Nathan,Jean,Pierre,Michel,Philippe,Alain,\
                Nicolas,Christophe,Laurent,Frédéric,Stéphane,David,Julien,Thomas,Antoine
                """,
            last: """
                Martin,Bernard,Thomas,Petit,Robert,Richard,Durand,Dubois,Moreau,Laurent,Simon,Michel,Lefebvre,Leroy,\
                Roux,David,Bertrand,Morel,Fournier,Girard,Bonnet,Dupont,Lambert,Fontaine,Rousseau,Vincent,Muller,\
                Lefèvre,Faure,André,Mercier,Blanc,Guérin,Boyer,Garnier,Chevalier,François,Legrand,Gauthier,Garcia,\
                Perrin,Robin,Clément,Morin,Nicolas,Henry,Roussel,Mathieu,Gautier,Masson,Marchand,Duval,Denis,Dumont,\
                Marie,Lemaire,Noël,Meyer,Dufour,Meunier,Brun,Blanchard,Giraud,Joly
                """),
        "es": Names(
            women: """
                Lucía,María,Sofía,Martina,Paula,Julia,Valeria,Alba,Carmen,Ana,Isabel,Laura,Marta,Elena,Cristina,\
                Rosa,Pilar,Teresa,Sara,Raquel,Beatriz,Nuria
                """,
            men: """
                Hugo,Martín,Lucas,Mateo,Leo,Daniel,Alejandro,Pablo,Manuel,Álvaro,Antonio,José,Francisco,Juan,David,\
                Javier,Carlos,Miguel,Rafael,Pedro,Sergio,Jorge
                """,
            last: """
                García,Rodríguez,González,Fernández,López,Martínez,Sánchez,Pérez,Gómez,Martín,Jiménez,Hernández,\
                Ruiz,Díaz,Moreno,Muñoz,Álvarez,Romero,Gutiérrez,Alonso,Navarro,Torres,Domínguez,Ramos,Vázquez,\
                Ramírez,Gil,Serrano,Morales,Molina,Blanco,Suárez,Castro,Ortega,Delgado,Ortiz,Marín,Rubio,Núñez,Sanz,\
                Medina,Iglesias,Castillo,Cortés,Garrido,Santos,Guerrero,Lozano,Cano,Cruz,Méndez,Flores,Prieto,\
                Herrera,Peña,León,Márquez,Cabrera,Gallego,Calvo,Vidal
                """),
        "it": Names(
            women: """
                Sofia,Giulia,Aurora,Alice,Ginevra,Emma,Giorgia,Chiara,Francesca,Sara,Martina,Valentina,Anna,Maria,\
                Laura,Paola,Elena,Silvia,Federica,Alessandra,Roberta,Daniela
                """,
            men: """
                Leonardo,Francesco,Alessandro,Lorenzo,Mattia,Tommaso,Gabriele,Andrea,Riccardo,Edoardo,Marco,\
                Giuseppe,Giovanni,Antonio,Luca,Paolo,Stefano,Roberto,Davide,Matteo,Fabio,Simone
                """,
            last: """
                Rossi,Russo,Ferrari,Esposito,Bianchi,Romano,Colombo,Ricci,Marino,Greco,Bruno,Gallo,Conti,De Luca,\
                Mancini,Costa,Giordano,Rizzo,Lombardi,Moretti,Barbieri,Fontana,Santoro,Mariani,Rinaldi,Caruso,\
                Ferrara,Galli,Martini,Leone,Longo,Gentile,Martinelli,Vitale,Lombardo,Serra,Coppola,De Santis,\
                D'Angelo,Marchetti,Parisi,Villa,Conte,Ferraro,Ferri,Fabbri,Bianco,Marini,Grasso,Valentini,Messina,\
                Sala,De Angelis,Gatti,Pellegrini,Palumbo,Sanna,Farina,Rizzi,Monti,Cattaneo
                """),
        "nl": Names(
            women: """
                Emma,Julia,Mila,Tess,Sophie,Zoë,Sara,Nora,Anna,Eva,Johanna,Maria,Ingrid,Monique,Linda,Marieke,\
                Esther,Sanne,Lotte,Fleur,Femke,Anouk
                """,
            men: """
                Noah,Daan,Levi,Sem,Lucas,Finn,Luuk,Milan,Bram,Jesse,Jan,Johannes,Pieter,Hendrik,Willem,Kees,Jeroen,\
                Bas,Sander,Ruben,Thijs,Maarten
                """,
            last: """
                de Jong,Jansen,de Vries,van den Berg,van Dijk,Bakker,Janssen,Visser,Smit,Meijer,de Boer,Mulder,\
                de Groot,Bos,Vos,Peters,Hendriks,van Leeuwen,Dekker,Brouwer,de Wit,Dijkstra,Smits,de Graaf,\
                van der Meer,van der Linden,Kok,Jacobs,de Haan,Vermeulen,van den Heuvel,van der Veen,van den Broek,\
                de Bruijn,de Bruin,van der Heijden,Schouten,van Beek,Willems,van Vliet,van de Ven,Hoekstra,Maas,\
                Verhoeven,Koster,van Dam,van der Wal,Prins,Blom,Huisman,Peeters,de Jonge,Kuipers,van Veen,Post,\
                Kuiper,Veenstra,Kramer,van den Brink,Scholten
                """),
        "pl": Names(
            women: """
                Julia,Zuzanna,Zofia,Hanna,Maja,Lena,Alicja,Oliwia,Anna,Maria,Katarzyna,Małgorzata,Agnieszka,Barbara,\
                Ewa,Krystyna,Elżbieta,Magdalena,Joanna,Monika,Aleksandra,Natalia
                """,
            men: """
                Antoni,Jan,Jakub,Aleksander,Franciszek,Szymon,Filip,Mikołaj,Stanisław,Wojciech,Piotr,Krzysztof,\
                Andrzej,Tomasz,Paweł,Michał,Marcin,Grzegorz,Łukasz,Adam,Marek,Mateusz
                """,
            lastOfWomen: """
                Nowak,Kowalska,Wiśniewska,Wójcik,Kowalczyk,Kamińska,Lewandowska,Zielińska,Szymańska,Woźniak,\
                Dąbrowska,Kozłowska,Mazur,Jankowska,Kwiatkowska,Krawczyk,Piotrowska,Grabowska,Nowakowska,Pawłowska,\
                Michalska,Adamczyk,Dudek,Zając,Wieczorek,Jabłońska,Król,Majewska,Olszewska,Jaworska,Wróbel,\
                Malinowska,Pawlak,Witkowska,Walczak,Stępień,Górska,Rutkowska,Michalak,Sikora,Ostrowska,Baran,Duda,\
                Szewczyk,Tomaszewska,Pietrzak,Marciniak,Wróblewska,Zalewska,Jakubowska,Jasińska,Zawadzka,Sadowska,\
                Bąk,Chmielewska,Włodarczyk,Borkowska,Czarnecka,Sawicka,Sokołowska
                """,
            lastOfMen: """
                Nowak,Kowalski,Wiśniewski,Wójcik,Kowalczyk,Kamiński,Lewandowski,Zieliński,Szymański,Woźniak,\
                Dąbrowski,Kozłowski,Mazur,Jankowski,Kwiatkowski,Krawczyk,Piotrowski,Grabowski,Nowakowski,Pawłowski,\
                Michalski,Adamczyk,Dudek,Zając,Wieczorek,Jabłoński,Król,Majewski,Olszewski,Jaworski,Wróbel,\
                Malinowski,Pawlak,Witkowski,Walczak,Stępień,Górski,Rutkowski,Michalak,Sikora,Ostrowski,Baran,Duda,\
                Szewczyk,Tomaszewski,Pietrzak,Marciniak,Wróblewski,Zalewski,Jakubowski,Jasiński,Zawadzki,Sadowski,\
                Bąk,Chmielewski,Włodarczyk,Borkowski,Czarnecki,Sawicki,Sokołowski
                """),
        "sv": Names(
            women: """
                Alice,Maja,Vera,Alma,Selma,Elsa,Astrid,Wilma,Ebba,Freja,Anna,Eva,Maria,Karin,Kristina,Lena,Sara,\
                Emma,Linnéa,Ingrid
                """,
            men: """
                William,Noah,Hugo,Liam,Oscar,Elias,Lucas,Nils,Axel,Erik,Lars,Karl,Anders,Johan,Per,Mikael,Jan,\
                Gustav,Björn,Mattias
                """,
            last: """
                Andersson,Johansson,Karlsson,Nilsson,Eriksson,Larsson,Olsson,Persson,Svensson,Gustafsson,Pettersson,\
                Jonsson,Jansson,Hansson,Bengtsson,Jönsson,Lindberg,Jakobsson,Magnusson,Lindström,Olofsson,Lindqvist,\
                Lindgren,Axelsson,Berg,Bergström,Lundberg,Lind,Lundgren,Lundqvist,Mattsson,Berglund,Fredriksson,\
                Sandberg,Henriksson,Forsberg,Sjöberg,Wallin,Engström,Eklund,Danielsson,Lundin,Håkansson,Björk,\
                Bergman,Gunnarsson,Holm,Wikström,Samuelsson,Isaksson,Fransson,Bergqvist,Nyström,Holmberg,Arvidsson,\
                Löfgren,Söderberg,Nyberg,Blomqvist,Claesson
                """),
        "da": Names(
            women: """
                Alma,Ida,Freja,Clara,Ella,Sofia,Emma,Agnes,Anna,Karla,Anne,Kirsten,Mette,Hanne,Lene,Susanne,Louise,\
                Camilla,Maria,Signe
                """,
            men: """
                William,Oscar,Carl,Malthe,Emil,Noah,Valdemar,Aksel,Oliver,Lucas,Peter,Jens,Michael,Lars,Thomas,\
                Henrik,Søren,Christian,Jan,Mads
                """,
            last: """
                Nielsen,Jensen,Hansen,Andersen,Pedersen,Christensen,Larsen,Sørensen,Rasmussen,Jørgensen,Petersen,\
                Madsen,Kristensen,Olsen,Thomsen,Christiansen,Poulsen,Johansen,Møller,Mortensen,Knudsen,Jakobsen,\
                Jacobsen,Mikkelsen,Frederiksen,Laursen,Henriksen,Lund,Holm,Schmidt,Eriksen,Kristiansen,Simonsen,\
                Clausen,Svendsen,Andreasen,Iversen,Jeppesen,Vestergaard,Nissen,Lauridsen,Østergaard,Mogensen,\
                Jespersen,Dahl,Kjær,Bertelsen,Nygaard,Bach,Lauritsen,Friis,Winther,Berg,Skov,Bech,Kruse,Toft,Bruun,\
                Dam,Holst
                """),
        "cs": Names(
            women: """
                Eliška,Anna,Adéla,Tereza,Sofie,Viktorie,Karolína,Natálie,Jana,Marie,Eva,Hana,Lenka,Kateřina,Lucie,\
                Věra,Alena,Petra,Veronika,Martina
                """,
            men: """
                Jakub,Jan,Tomáš,Matyáš,Adam,Vojtěch,Filip,Lukáš,Ondřej,David,Jiří,Petr,Josef,Pavel,Martin,Jaroslav,\
                Miroslav,Zdeněk,Václav,Michal
                """,
            lastOfWomen: """
                Nováková,Svobodová,Novotná,Dvořáková,Černá,Procházková,Kučerová,Veselá,Krejčí,Horáková,Němcová,\
                Marková,Pospíšilová,Pokorná,Hájková,Králová,Jelínková,Růžičková,Benešová,Fialová,Sedláčková,\
                Doležalová,Zemanová,Kolářová,Navrátilová,Čermáková,Vaňková,Urbanová,Blažková,Křížová,Kovářová,\
                Kratochvílová,Bartošová,Vlčková,Poláková,Musilová,Kopecká,Šimková,Konečná,Malá,Holubová,Čechová,\
                Štěpánková,Staňková,Kadlecová,Dostálová,Soukupová,Šťastná,Marešová,Moravcová,Sýkorová,Tichá,\
                Valentová,Vávrová,Matoušková,Bláhová,Ševčíková,Burešová,Hrušková,Mašková
                """,
            lastOfMen: """
                Novák,Svoboda,Novotný,Dvořák,Černý,Procházka,Kučera,Veselý,Krejčí,Horák,Němec,Marek,Pospíšil,\
                Pokorný,Hájek,Král,Jelínek,Růžička,Beneš,Fiala,Sedláček,Doležal,Zeman,Kolář,Navrátil,Čermák,Vaněk,\
                Urban,Blažek,Kříž,Kovář,Kratochvíl,Bartoš,Vlček,Polák,Musil,Kopecký,Šimek,Konečný,Malý,Holub,Čech,\
                Štěpánek,Staněk,Kadlec,Dostál,Soukup,Šťastný,Mareš,Moravec,Sýkora,Tichý,Valenta,Vávra,Matoušek,\
                Bláha,Ševčík,Bureš,Hruška,Mašek
                """),
        "ja": Names(
            women: """
                Himari,Hina,Yua,Sakura,Ichika,Akari,Sara,Yui,Aoi,Rin,Yoko,Keiko,Kazuko,Sachiko,Yumiko,Akiko,Naoko,\
                Tomoko,Emi,Mayumi
                """,
            men: """
                Haruto,Yuto,Sota,Yuki,Hayato,Haruki,Ryusei,Koki,Sora,Minato,Hiroshi,Takashi,Kenji,Makoto,Akira,\
                Daisuke,Takumi,Kazuki,Satoshi,Naoki
                """,
            last: """
                Sato,Suzuki,Takahashi,Tanaka,Watanabe,Ito,Yamamoto,Nakamura,Kobayashi,Kato,Yoshida,Yamada,Sasaki,\
                Yamaguchi,Matsumoto,Inoue,Kimura,Hayashi,Shimizu,Yamazaki,Mori,Abe,Ikeda,Hashimoto,Yamashita,\
                Ishikawa,Nakajima,Maeda,Fujita,Ogawa,Goto,Okada,Hasegawa,Murakami,Kondo,Ishii,Saito,Sakamoto,Endo,\
                Aoki,Fujii,Nishimura,Fukuda,Ota,Miura,Okamoto,Matsuda,Nakagawa,Nakano,Harada,Fujiwara,Ono,Tamura,\
                Takeuchi,Kaneko,Wada,Nakayama,Ishida,Ueda,Morita
                """),
    ]
}
