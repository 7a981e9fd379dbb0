# A Shiny page: the number is worked on in R, over a websocket.
library(shiny)

ui <- fluidPage(
  titlePanel("Shiny behind Jupyter"),
  numericInput("number", "Number", value = 7),
  textOutput("said"),
  plotOutput("plot", height = "300px")
)

server <- function(input, output) {
  output$said <- renderText(paste("R says", input$number^2))
  output$plot <- renderPlot(hist(faithful$waiting, breaks = input$number, main = "Waiting"))
}

shinyApp(ui, server)
