// Rival: net/http and aws-sdk-go-v2, which only calls GetItem. No token, no validation, no log, nothing remembered.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

func main() {
	client := dynamodb.New(dynamodb.Options{
		Region:       "eu-west-1",
		BaseEndpoint: aws.String(os.Getenv("DYNAMODB_ENDPOINT")),
		Credentials:  credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
	http.HandleFunc("GET /movies/{year}/{title}", func(response http.ResponseWriter, request *http.Request) {
		found, err := client.GetItem(request.Context(), &dynamodb.GetItemInput{
			TableName:      aws.String("movies"),
			ConsistentRead: aws.Bool(true),
			Key: map[string]types.AttributeValue{
				"year":  &types.AttributeValueMemberN{Value: request.PathValue("year")},
				"title": &types.AttributeValueMemberS{Value: request.PathValue("title")},
			},
		})
		var movie map[string]any
		if err == nil {
			err = attributevalue.UnmarshalMap(found.Item, &movie)
		}
		if err != nil {
			http.Error(response, err.Error(), http.StatusInternalServerError)
			return
		}
		response.Header().Set("content-type", "application/json")
		_ = json.NewEncoder(response).Encode(movie)
	})
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}
